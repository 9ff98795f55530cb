#include "wsi_lpd/core/text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace wsi_lpd {
namespace {

TEST(Text, NumbersAreShortestOrHaveTheirDecimals) {
  EXPECT_EQ(shortest(0.31), "0.31");
  EXPECT_EQ(shortest(0.5), "0.5");
  EXPECT_EQ(fixed(0.316, 2), "0.32");
  EXPECT_EQ(fixed(12, 1), "12.0");
  EXPECT_EQ(fixed(-1.5, 0), "-2");
  EXPECT_EQ(fixed(1e300, 2).size(), 304U);
  for (const double nothing : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    EXPECT_EQ(fixed(nothing, 2), "–");
}

}  // namespace
}  // namespace wsi_lpd
