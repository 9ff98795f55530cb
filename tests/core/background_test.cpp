#include "wsi_lpd/core/background.hpp"

#include <gtest/gtest.h>

namespace wsi_lpd::core {
namespace {

TEST(Background, ThresholdIsWhereClassAndBackgroundAreLevel) {
  EXPECT_NEAR(background_score(kBackgroundThreshold), kBackgroundThreshold, 1e-7);
  EXPECT_GT(background_score(kBackgroundThreshold - 1e-6F), kBackgroundThreshold - 1e-6F);
  EXPECT_LT(background_score(kBackgroundThreshold + 1e-6F), kBackgroundThreshold + 1e-6F);
  EXPECT_EQ(background_score(0), 1);
  EXPECT_EQ(background_score(0.5F), 0x1p-10F);
}

}  // namespace
}  // namespace wsi_lpd::core
