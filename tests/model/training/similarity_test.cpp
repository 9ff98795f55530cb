#include "wsi_lpd/model/training/similarity.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace wsi_lpd::model::training {
namespace {

using torch::Tensor;

struct Selections {
  Tensor logits = torch::tensor({{0.5F, -1.0F, 2.0F, 0.1F}, {1.5F, 0.3F, -0.7F, 0.9F}, {-0.2F, 0.8F, 0.4F, -1.1F}});
  Tensor own = torch::tensor({std::int64_t{2}, std::int64_t{0}, std::int64_t{1}});

  /// Sum of exponentials over every selection: of its own prototype, and of all the others.
  std::pair<double, double> sums() const {
    double mine = 0, others = 0;
    for (std::int64_t i = 0; i < logits.size(0); ++i) {
      for (std::int64_t p = 0; p < logits.size(1); ++p)
        (p == own[i].item<std::int64_t>() ? mine : others) += std::exp(logits[i][p].item<double>());
    }
    return {mine, others};
  }
};

TEST(ContrastOfBatch, SumsOverAllSelectionsBeforeOneLogarithm) {
  const Selections selections;
  const auto [mine, others] = selections.sums();
  EXPECT_NEAR(foreground_contrast_of_batch(selections.logits, selections.own).item<double>(), -std::log(mine / (mine + others)), 1e-6);
  EXPECT_NEAR(background_contrast_of_batch(selections.logits, selections.own).item<double>(), -std::log(others / (mine + others)), 1e-6);
}

TEST(ContrastOfBatch, OfOneSelectionIsThePlainContrast) {
  const Selections selections;
  const Tensor logits = selections.logits.narrow(0, 0, 1), own = selections.own.narrow(0, 0, 1);
  EXPECT_NEAR(foreground_contrast_of_batch(logits, own).item<double>(), foreground_contrast(logits, own).item<double>(), 1e-6);
  EXPECT_NEAR(background_contrast_of_batch(logits, own).item<double>(), background_contrast(logits, own).item<double>(), 1e-6);
}

}  // namespace
}  // namespace wsi_lpd::model::training
