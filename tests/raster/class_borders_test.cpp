#include "wsi_lpd/raster/class_borders.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

namespace wsi_lpd::raster {
namespace {

template <class LabelAt>
std::vector<Interface> measured(int width, int height, int classes, LabelAt label_at) {
  InterfaceCounter counter(classes);
  std::vector<std::uint8_t> row(static_cast<std::size_t>(width));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) row[static_cast<std::size_t>(x)] = label_at(x, y);
    counter.add_row(row);
  }
  return counter.interfaces();
}

// A line through the middle of a large raster, and the bias that the header states. At 45° and 0° 0.948, at 22.5° 1.026.
TEST(InterfaceCounter, StraightLinesHaveTheStatedBias) {
  constexpr int kSide = 2000;
  double sum = 0;
  constexpr int kAngles = 48;
  for (int i = 0; i < kAngles; ++i) {
    const double angle = std::numbers::pi * i / kAngles;
    const double nx = -std::sin(angle), ny = std::cos(angle);
    const auto found = measured(kSide, kSide, 2, [&](int x, int y) {
      return static_cast<std::uint8_t>((x + 0.5 - kSide / 2.0) * nx + (y + 0.5 - kSide / 2.0) * ny > 0.01 ? 1 : 2);
    });
    const double length = kSide / std::max(std::abs(nx), std::abs(ny));
    ASSERT_EQ(found.size(), 1u);
    const double relative = found[0].length / length;
    EXPECT_GT(relative, 0.946) << angle;
    EXPECT_LT(relative, 1.028) << angle;
    if (i % (kAngles / 4) == 0) {
      EXPECT_NEAR(relative, std::numbers::pi / 8 * (1 + std::numbers::sqrt2), 1.5e-3) << angle;
    }
    sum += relative;
  }
  EXPECT_NEAR(sum / kAngles, 1, 2e-3);
}

TEST(InterfaceCounter, OfADiscIsItsCircumference) {
  for (const int radius : {20, 100, 400}) {
    const int side = 2 * radius + 11;
    const auto found = measured(side, side, 2, [&](int x, int y) {
      return static_cast<std::uint8_t>(std::hypot(x - radius - 5.2, y - radius - 5.4) < radius ? 2 : 1);
    });
    EXPECT_NEAR(found[0].length, 2 * std::numbers::pi * radius, 0.01 * 2 * std::numbers::pi * radius);
  }
}

TEST(InterfaceCounter, AgreesWithAllPairsOfNeighboursOnRandomRasters) {
  std::mt19937 random(4);
  for (int round = 0; round < 100; ++round) {
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    const int width = pick(1, 400), height = pick(1, 12), classes = pick(1, 4), run = pick(1, 200);
    std::vector<std::vector<std::uint8_t>> rows(static_cast<std::size_t>(height),
                                                std::vector<std::uint8_t>(static_cast<std::size_t>(width)));
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        auto& here = rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
        here = y > 0 && pick(0, run)   ? rows[static_cast<std::size_t>(y) - 1][static_cast<std::size_t>(x)]
               : x > 0 && pick(0, run) ? rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x) - 1]
                                       : static_cast<std::uint8_t>(pick(0, 9) ? pick(0, classes) : 254);
      }
    }
    const auto at = [&](int x, int y) { return rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)]; };
    for (const Interface& border : measured(width, height, classes, at)) {
      const auto pairs = [&](int dx, int dy) {
        int count = 0;
        for (int y = 0; y < height; ++y) {
          for (int x = 0; x < width; ++x) {
            if (x + dx < 0 || x + dx >= width || y + dy >= height) continue;
            const auto a = at(x, y), b = at(x + dx, y + dy);
            count += (a == border.first + 1 && b == border.second + 1) || (b == border.first + 1 && a == border.second + 1);
          }
        }
        return count;
      };
      const double straight = pairs(1, 0) + pairs(0, 1), diagonal = pairs(1, 1) + pairs(-1, 1);
      EXPECT_NEAR(border.length, std::numbers::pi / 8 * (straight + diagonal / std::numbers::sqrt2), 1e-9);
    }
  }
}

TEST(InterfaceCounter, NamesEachPairOnce) {
  const auto found = measured(3, 1, 3, [](int x, int) { return static_cast<std::uint8_t>(x + 1); });
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0], (Interface{0, 1, std::numbers::pi / 8}));
  EXPECT_EQ(found[1], (Interface{0, 2, 0}));
  EXPECT_EQ(found[2], (Interface{1, 2, std::numbers::pi / 8}));
}

}  // namespace
}  // namespace wsi_lpd::raster
