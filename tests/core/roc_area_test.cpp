#include "wsi_lpd/core/roc_area.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace wsi_lpd::core {
namespace {

TEST(RocArea, CountsPairsInTheRightOrder) {
  const std::vector<float> labels{0, 1, 0, 1};
  EXPECT_DOUBLE_EQ(roc_area(std::vector<float>{1, 4, 2, 3}, labels), 1);
  EXPECT_DOUBLE_EQ(roc_area(std::vector<float>{1, 4, 3, 2}, labels), 0.75);
  EXPECT_DOUBLE_EQ(roc_area(std::vector<float>{4, 1, 3, 2}, labels), 0);
}

TEST(RocArea, EqualScoresCountAsHalf) {
  EXPECT_DOUBLE_EQ(roc_area(std::vector<float>{5, 5, 5}, std::vector<float>{0, 1, 0}), 0.5);
  EXPECT_DOUBLE_EQ(roc_area(std::vector<float>{1, 5, 5}, std::vector<float>{0, 1, 0}), 0.75);
}

TEST(RocArea, OneKindOfImagesHasNoArea) {
  EXPECT_TRUE(std::isnan(roc_area(std::vector<float>{1, 2}, std::vector<float>{1, 1})));
  EXPECT_TRUE(std::isnan(roc_area({}, {})));
}

}  // namespace
}  // namespace wsi_lpd::core
