#include "wsi_lpd/core/bilinear_grid.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace wsi_lpd::core {
namespace {

TEST(BetweenCells, LinearRampsAreReproducedBetweenCentresAndHeldOutside) {
  for (const std::int64_t stride : {1, 2, 3, 8, 16}) {
    const std::int64_t cells = 5;
    std::vector<float> centres;  // a ramp: each cell holds the pixel coordinate of its centre
    for (std::int64_t cell = 0; cell < cells; ++cell) centres.push_back((static_cast<float>(cell) + 0.5F) * static_cast<float>(stride));
    for (std::int64_t pixel = 0; pixel < cells * stride; ++pixel) {
      const BetweenCells between(pixel, stride, cells);
      const float expected = std::clamp(static_cast<float>(pixel) + 0.5F, centres.front(), centres.back());
      EXPECT_NEAR(between(centres[between.before], centres[between.after]), expected, 1e-5) << stride << ' ' << pixel;
      EXPECT_LE(between.after - between.before, 1U);
    }
  }
}

TEST(BetweenCells, FractionCountsFromCentreToCentre) {
  const BetweenCells first(0, 8, 3), left(4, 8, 3), right(11, 8, 3), last(23, 8, 3);
  EXPECT_EQ(first.before, 0U);
  EXPECT_EQ(first.after, 0U);
  EXPECT_EQ(left.before, 0U);
  EXPECT_EQ(left.after, 1U);
  EXPECT_EQ(left.fraction, 0.0625F);
  EXPECT_EQ(right.fraction, 0.9375F);
  EXPECT_EQ(last.before, 2U);
  EXPECT_EQ(last.after, 2U);
}

}  // namespace
}  // namespace wsi_lpd::core
