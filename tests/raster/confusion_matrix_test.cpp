#include "wsi_lpd/raster/confusion_matrix.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace wsi_lpd::raster {
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

/// A matrix whose rows, the background last, have so many pixels.
ConfusionMatrix truth_of(const std::vector<std::int64_t>& pixels) {
  const auto classes = static_cast<int>(pixels.size()) - 1;
  std::vector<std::int64_t> counts(pixels.size() * pixels.size());
  for (std::size_t c = 0; c < pixels.size(); ++c) counts[c * pixels.size()] = pixels[c];
  return ConfusionMatrix(classes, std::move(counts));
}

TEST(ConfusionMatrix, ChanceIsTheBestAnswerThatIsBlind) {
  EXPECT_DOUBLE_EQ(truth_of({100, 100, 100, 0}).chance_mean_iou(), 0.2) << "a third each: 1/9 of 5/9";
  EXPECT_DOUBLE_EQ(truth_of({50, 25, 25}).chance_mean_iou(), 2.0 / 7) << "odds 1 and 1/3";
  EXPECT_DOUBLE_EQ(truth_of({30, 0, 70}).chance_mean_iou(), 0.3) << "one class: said everywhere; the absent one stays out";
  EXPECT_DOUBLE_EQ(truth_of({30, 0, 0}).chance_mean_iou(), 1);
  EXPECT_TRUE(std::isnan(truth_of({0, 0, 70}).chance_mean_iou()));
  // No other mixture gets more: all of them, in steps of a hundredth.
  const double p = 0.6, r = 0.3;
  double most = 0;
  for (int percent = 0; percent <= 100; ++percent) {
    const double q = percent / 100.0;
    most = std::max(most, (p * q / (p + q - p * q) + r * (1 - q) / (r + (1 - q) - r * (1 - q))) / 2);
  }
  const double chance = truth_of({60, 30, 10}).chance_mean_iou();
  EXPECT_GE(chance, most);
  EXPECT_NEAR(chance, most, 1e-4);
}

}  // namespace
}  // namespace wsi_lpd::raster
