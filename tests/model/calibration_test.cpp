#include "wsi_lpd/model/calibration.hpp"

#include <gtest/gtest.h>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model {
namespace {

using torch::Tensor;

TEST(Calibration, ThresholdSeparatesTheClassAndGateOpensOnItsSide) {
  torch::manual_seed(0);
  Calibrator calibrator;
  const Tensor labels = (torch::arange(40) % 2).to(torch::kFloat).unsqueeze(1);
  const Tensor scores = labels * 4 - 1 + 0.5 * torch::rand({40, 1});  // absent: −1…−0.5, present: 3…3.5
  const auto maps = [&](std::int64_t side) { return labels.view({40, 1, 1, 1}) * torch::rand({40, 1, side, side}) * 8; };
  calibrator.add({maps(8), maps(4), maps(4)}, scores, labels);
  const Calibration calibration = calibrator.finish();
  EXPECT_GT(calibration.score_threshold[0], -0.5F);
  EXPECT_LT(calibration.score_threshold[0], 3);
  EXPECT_GT(calibration.score_width[0], 0);
  for (std::size_t s = 0; s < 3; ++s) EXPECT_NEAR(calibration.map_high[s][0], 0.3 * 8, 0.3);

  const CalibratedMaps calibrated(calibration, torch::kCPU);
  const Tensor gate = calibrated.gate(torch::tensor({{-0.8F}, {3.2F}}));
  EXPECT_LT(gate[0].item<double>(), 0.1);
  EXPECT_GT(gate[1].item<double>(), 0.9);
}

TEST(Calibration, ClassInEveryOrNoImageStillGivesSoundNumbers) {
  Calibrator calibrator;
  const Tensor labels = torch::tensor({1.0F, 0.0F}).expand({6, 2});
  const std::array<Tensor, 3> maps{torch::rand({6, 2, 8, 8}), torch::rand({6, 2, 4, 4}), torch::zeros({6, 2, 4, 4})};
  calibrator.add(maps, torch::randn({6, 2}), labels);
  const Calibration calibration = calibrator.finish();
  const Tensor fused = CalibratedMaps(calibration, torch::kCPU)(maps);
  EXPECT_TRUE(fused.isfinite().all().item<bool>());
  EXPECT_GE(fused.min().item<double>(), 0);
  EXPECT_LE(fused.max().item<double>(), 1);
}

TEST(Calibration, NoImagesIsAnError) { EXPECT_THROW(Calibrator().finish(), Error); }

}  // namespace
}  // namespace wsi_lpd::model
