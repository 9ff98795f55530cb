#include "wsi_lpd/core/metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace wsi_lpd {
namespace {

TEST(ConfusionMatrix, ComputesTheScoresOfAHandMadeCase) {
  ConfusionMatrix matrix(2);
  const std::vector<std::uint8_t> truth{0, 0, 0, 0, 1, 1, 2, 2};
  const std::vector<std::uint8_t> prediction{0, 0, 0, 1, 1, 1, 2, 0};
  matrix.add(truth, prediction);
  EXPECT_DOUBLE_EQ(matrix.iou(0), 3.0 / 5);
  EXPECT_DOUBLE_EQ(matrix.iou(1), 2.0 / 3);
  EXPECT_DOUBLE_EQ(matrix.iou(2), 1.0 / 2);
  EXPECT_DOUBLE_EQ(matrix.dice(0), 6.0 / 8);
  EXPECT_DOUBLE_EQ(matrix.mean_iou(), (3.0 / 5 + 2.0 / 3) / 2);
  EXPECT_DOUBLE_EQ(matrix.frequency_weighted_iou(), 4.0 / 8 * 3 / 5 + 2.0 / 8 * 2 / 3 + 2.0 / 8 / 2);
}

TEST(ConfusionMatrix, LeavesAbsentClassesAndForeignValuesOut) {
  ConfusionMatrix matrix(2);
  matrix.add(std::vector<std::uint8_t>{0, 0, 254}, std::vector<std::uint8_t>{0, 0, 0});
  EXPECT_EQ(matrix.total(), 2);
  EXPECT_TRUE(std::isnan(matrix.iou(1)));
  EXPECT_DOUBLE_EQ(matrix.mean_iou(), 1);
}

}  // namespace
}  // namespace wsi_lpd
