#include "wsi_lpd/raster/border_distance.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

namespace wsi_lpd::raster {
namespace {

using Raster = std::vector<std::vector<std::uint8_t>>;
using Squares = std::vector<std::vector<std::uint32_t>>;

Squares distances(const Raster& raster, std::uint32_t limit, std::int64_t strip, Inside inside = {}) {
  Squares found;
  BorderDistance distance(
      static_cast<std::int64_t>(raster[0].size()), inside, limit,
      [&](std::span<const std::uint8_t> values, std::span<const std::uint32_t> squared) {
        EXPECT_TRUE(std::ranges::equal(values, raster[found.size()]));
        found.emplace_back(squared.begin(), squared.end());
      },
      strip);
  for (const auto& row : raster) distance.add_row(row);
  distance.finish();
  return found;
}

/// Every pixel against every other one.
Squares brute_force(const Raster& raster, std::uint32_t limit, Inside inside = {}) {
  const auto height = static_cast<std::int64_t>(raster.size()), width = static_cast<std::int64_t>(raster[0].size());
  const auto side = [&](std::int64_t x, std::int64_t y) {
    return inside(raster[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)]);
  };
  Squares all(raster.size(), std::vector<std::uint32_t>(raster[0].size(), limit));
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      std::uint32_t& nearest = all[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
      for (std::int64_t v = 0; v < height; ++v) {
        for (std::int64_t u = 0; u < width; ++u) {
          if (side(u, v) != side(x, y)) nearest = std::min(nearest, static_cast<std::uint32_t>((u - x) * (u - x) + (v - y) * (v - y)));
        }
      }
    }
  }
  return all;
}

/// Blobs and dots of values 0…2.
Raster random_raster(std::mt19937& random, std::size_t width, std::size_t height) {
  Raster raster(height, std::vector<std::uint8_t>(width));
  for (std::uint32_t shape = random() % 6; shape > 0; --shape) {
    const std::size_t left = random() % width, top = random() % height;
    const std::size_t right = std::min(width, left + 1 + random() % 20), bottom = std::min(height, top + 1 + random() % 20);
    const auto value = static_cast<std::uint8_t>(random() % 3);
    for (std::size_t y = top; y < bottom; ++y)
      std::fill(raster[y].begin() + static_cast<long>(left), raster[y].begin() + static_cast<long>(right), value);
  }
  for (std::uint32_t dots = random() % 4; dots > 0; --dots)
    raster[random() % height][random() % width] = static_cast<std::uint8_t>(random() % 3);
  return raster;
}

TEST(BorderDistance, IsThatOfBruteForceWhateverTheStrips) {
  std::mt19937 random(7);
  for (int i = 0; i < 60; ++i) {
    const Raster raster = random_raster(random, 1 + random() % 45, 1 + random() % 40);
    for (const std::uint32_t limit : {1U, 2U, 3U, 37U, 400U, 100'000U}) {
      const Squares expected = brute_force(raster, limit);
      for (const std::int64_t strip : {1, 3, 16, 0})
        ASSERT_EQ(distances(raster, limit, strip), expected) << i << " " << limit << " " << strip;
    }
  }
}

TEST(BorderDistance, TheOtherSideIsMeasuredInTheSameWay) {
  std::mt19937 random(8);
  const Raster raster = random_raster(random, 40, 30);
  Raster swapped = raster;
  for (auto& row : swapped) {
    for (auto& value : row) value = value == 1 ? 0 : 1;
  }
  EXPECT_EQ(distances(raster, 900, 0), distances(swapped, 900, 0));
}

TEST(BorderDistance, TheEdgeOfTheRasterIsNoBorder) {
  EXPECT_EQ(distances(Raster(5, std::vector<std::uint8_t>(7, 1)), 50, 0), Squares(5, std::vector<std::uint32_t>(7, 50)));
  EXPECT_EQ(distances({{1, 1, 1, 0}}, 50, 0), (Squares{{9, 4, 1, 1}}));
}

TEST(BorderDistance, ABitOfTheValueCanBeTheSide) {
  std::mt19937 random(9);
  Raster raster(20, std::vector<std::uint8_t>(30));
  for (auto& row : raster) {
    for (auto& value : row) value = static_cast<std::uint8_t>(random() % 128 + (random() % 50 == 0 ? 128 : 0));
  }
  const Inside high{0x80, 0x80};
  EXPECT_EQ(distances(raster, 64, 0, high), brute_force(raster, 64, high));
}

TEST(BorderDistance, ReachesAsFarAsTheLimit) {
  EXPECT_EQ(BorderDistance::reach(1), 0);
  EXPECT_EQ(BorderDistance::reach(4), 1) << "a distance of 2 is the limit already";
  EXPECT_EQ(BorderDistance::reach(5), 2);
  EXPECT_EQ(BorderDistance::memory(1000, 50'000, 1'000'000), 1000 * (999 + 249 + 2 * 249));
}

}  // namespace
}  // namespace wsi_lpd::raster
