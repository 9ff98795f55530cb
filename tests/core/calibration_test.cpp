#include "wsi_lpd/core/calibration.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace wsi_lpd::core {
namespace {

const Calibration kCalibration{.score_threshold = {1, -2}, .score_width = {0.5, 4}};

TEST(Calibration, MarginsOfManyImagesAreThoseOfEach) {
  const std::vector<float> scores{1, -2, 2, 2, 0, -4};
  EXPECT_EQ(kCalibration.margins(scores), (std::vector<float>{0, 0, 2, 1, -2, -0.5}));
  for (std::size_t i = 0; i < scores.size(); ++i) EXPECT_EQ(kCalibration.margins(scores)[i], kCalibration.margin(i % 2, scores[i]));
}

TEST(Calibration, NoImagesHaveNoMargins) {
  EXPECT_TRUE(kCalibration.margins({}).empty());
  EXPECT_TRUE(Calibration{}.margins({}).empty());
}

}  // namespace
}  // namespace wsi_lpd::core
