#include "wsi_lpd/model/network/calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "wsi_lpd/model/network/class_maps.hpp"

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

TEST(Calibration, ThresholdSeparatesTheClassAndGateOpensOnItsSide) {
  torch::manual_seed(0);
  const Tensor labels = (torch::arange(40) % 2).to(torch::kFloat).unsqueeze(1);
  const Tensor scores = labels * 4 - 1 + 0.5 * torch::rand({40, 1});  // absent: −1…−0.5, present: 3…3.5
  const core::Calibration calibration = fit_calibration(scores, labels);
  EXPECT_GT(calibration.score_threshold[0], -0.5F);
  EXPECT_LT(calibration.score_threshold[0], 3);
  EXPECT_GT(calibration.score_width[0], 0);

  const Tensor presence = ScoreSigmoid(calibration, torch::kCPU)(torch::tensor({{-0.8F}, {3.2F}}));
  EXPECT_LT(presence[0].item<double>(), 0.1);
  EXPECT_GT(presence[1].item<double>(), 0.9);
}

TEST(Calibration, ClassInEveryOrNoImageStillGivesSoundNumbers) {
  torch::manual_seed(0);
  const core::Calibration calibration = fit_calibration(torch::randn({6, 2}), torch::tensor({1.0F, 0.0F}).expand({6, 2}));
  const Tensor presence = ScoreSigmoid(calibration, torch::kCPU)(torch::randn({6, 2}));
  EXPECT_TRUE(presence.isfinite().all().item<bool>());
  EXPECT_GT(presence.select(1, 0).min().item<double>(), presence.select(1, 1).max().item<double>());
}

TEST(OpenMaps, AreFiniteAndBetweenZeroAndOne) {
  torch::manual_seed(0);
  const Tensor maps = open_maps({torch::rand({6, 2, 8, 8}) * 60 - 30, torch::randn({6, 2, 4, 4}), torch::zeros({6, 2, 4, 4})});
  EXPECT_EQ(maps.sizes(), (std::vector<std::int64_t>{6, 2, 8, 8}));
  EXPECT_TRUE(maps.isfinite().all().item<bool>());
  EXPECT_GE(maps.min().item<double>(), 0);
  EXPECT_LE(maps.max().item<double>(), 1);
}

// A class whose scales are against it on the whole must not win by the one scale that is for it.
TEST(OpenMaps, ScalesThatAreAgainstAClassCount) {
  std::array<Tensor, 3> merged{torch::zeros({1, 2, 4, 4}), torch::zeros({1, 2, 2, 2}), torch::zeros({1, 2, 2, 2})};
  merged[0].select(1, 0).fill_(3);
  merged[2].select(1, 0).fill_(-6);
  merged[1].select(1, 1).fill_(1);
  const Tensor maps = open_maps(merged);
  EXPECT_NEAR(maps[0][0][0][0].item<double>(), 1 / (1 + std::exp(-(0.3 * 3 - 0.4 * 6) / 4)), 1e-6);
  EXPECT_NEAR(maps[0][1][0][0].item<double>(), 1 / (1 + std::exp(-0.3 / 4)), 1e-6);
}

}  // namespace
}  // namespace wsi_lpd::model::network
