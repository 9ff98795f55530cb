#include "wsi_lpd/raster/square_shares.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "wsi_lpd/core/quantile.hpp"

namespace wsi_lpd::raster {
namespace {

TEST(Quantile, IsLinearBetweenNeighbours) {
  const std::vector<double> values{1, 2, 4, 8};
  EXPECT_EQ(core::quantile(values, 0), 1);
  EXPECT_EQ(core::quantile(values, 0.5), 3);
  EXPECT_EQ(core::quantile(values, 0.25), 1.75);
  EXPECT_EQ(core::quantile(values, 1), 8);
  EXPECT_EQ(core::quantile({5}, 0.3), 5);
}

TEST(SquareShares, EntropyIsTheMeanOverSquaresWithAClass) {
  SquareShares squares(9, 4, 2);  // squares of 4, 4 and 1 columns
  for (int y = 0; y < 4; ++y) squares.add_row(std::vector<std::uint8_t>{1, 1, 2, 2, 1, 1, 0, 254, 0});
  squares.add_row(std::vector<std::uint8_t>{0, 0, 0, 0, 2, 1, 1, 1, 254});  // cut off by the bottom edge
  squares.finish();
  EXPECT_EQ(squares.squares(), 3);
  EXPECT_NEAR(*squares.mean_entropy(), (1 + 0 + 0.8112781244591328) / 3, 1e-12);
}

TEST(SquareShares, OfNothingIsUnknown) {
  SquareShares squares(9, 4, 2);
  squares.add_row(std::vector<std::uint8_t>{0, 0, 254, 0, 0, 0, 0, 3, 0});
  squares.finish();
  EXPECT_EQ(squares.squares(), 0);
  EXPECT_FALSE(squares.mean_entropy());
  EXPECT_TRUE(squares.share_intervals().empty());
}

// Of squares that are each one class with probability p, the interval is that of a binomial: p ± 1.96 √(p (1 − p) / n).
TEST(SquareShares, IntervalsAreThoseOfTheBinomial) {
  constexpr int kSquares = 2000;
  std::mt19937 random(8);
  std::vector<std::uint8_t> row;
  double ones = 0;
  for (int i = 0; i < kSquares; ++i) {
    const bool one = random() % 10 < 3;
    ones += one;
    row.insert(row.end(), 5, one ? 1 : 2);
  }
  SquareShares squares(std::ssize(row), 5, 2);
  for (int y = 0; y < 5; ++y) squares.add_row(row);
  const auto intervals = squares.share_intervals();
  ASSERT_EQ(intervals.size(), 2u);
  const double p = ones / kSquares, half = 1.96 * std::sqrt(p * (1 - p) / kSquares);
  EXPECT_NEAR(intervals[0][0], p - half, 0.1 * half);
  EXPECT_NEAR(intervals[0][1], p + half, 0.1 * half);
  EXPECT_NEAR(intervals[1][0], 1 - intervals[0][1], 1e-12);
}

}  // namespace
}  // namespace wsi_lpd::raster
