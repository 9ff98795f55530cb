#include "mosaic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "wsi_lpd/core/colour_space.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

constexpr std::int64_t kSide = 96;
constexpr std::uint8_t kUnknown = model::network::kUnknownPixel;

core::Image plain(std::array<std::uint8_t, 3> colour) {
  core::Image image(kSide, kSide, 3);
  for (std::size_t i = 0; i < image.bytes(); ++i) image.data()[i] = colour[i % 3];
  return image;
}

double density(std::uint8_t value) { return core::optical_densities()[value]; }

TEST(Mosaic, KnowsTheClassOfAlmostAllPixels) {
  const std::vector<std::uint8_t> levels{60, 100, 150}, classes{2, 0, 1};
  std::vector<core::Image> pieces;
  for (const std::uint8_t level : levels) pieces.push_back(plain({level, level, level}));
  std::set<std::uint8_t> seen;
  std::size_t known = 0, all = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Mosaic mosaic = make_mosaic(pieces, classes, seed);
    EXPECT_NEAR(mosaic.shares[0] + mosaic.shares[1] + mosaic.shares[2], 1, 1e-9);
    for (std::size_t i = 0; i < mosaic.classes.size(); ++i) {
      ++all;
      if (mosaic.classes[i] == kUnknown) continue;
      ++known;
      seen.insert(mosaic.classes[i]);
      const auto piece = static_cast<std::size_t>(std::ranges::find(classes, mosaic.classes[i]) - classes.begin());
      // At least nine tenths of the pixel are of its piece; a byte's rounding is below 0.02 here.
      ASSERT_NEAR(density(mosaic.rgb.data()[3 * i]), density(levels[piece]), 0.1 * (density(60) - density(150)) + 0.02) << seed << " " << i;
    }
  }
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_GT(known, all * 7 / 10);
  EXPECT_LT(known, all);
}

TEST(Mosaic, DoesNotKnowGlass) {
  core::Image half = plain({120, 120, 120});
  for (std::int64_t y = 0; y < kSide; ++y)
    for (std::int64_t x = 0; x < kSide / 2; ++x) std::fill_n(half.at(x, y), 3, std::uint8_t{250});
  const Mosaic mosaic = make_mosaic({half, half}, std::vector<std::uint8_t>{0, 1}, 3);
  for (std::int64_t y = 0; y < kSide; ++y)
    for (std::int64_t x = 0; x < kSide / 2; ++x) ASSERT_EQ(mosaic.classes[static_cast<std::size_t>(y * kSide + x)], kUnknown);
  EXPECT_GT(std::ranges::count_if(mosaic.classes, [](std::uint8_t value) { return value != kUnknown; }), kSide * kSide / 4);
}

TEST(Mosaic, PiecesTakeTheStainOfTheFirst) {
  const Mosaic mosaic = make_mosaic({plain({120, 70, 140}), plain({150, 60, 110})}, std::vector<std::uint8_t>{0, 1}, 1);
  const double red = density(120), green = density(70), blue = density(140);
  std::size_t checked = 0;
  for (std::size_t i = 0; i < mosaic.classes.size(); ++i) {
    const std::uint8_t* pixel = mosaic.rgb.data() + 3 * i;
    EXPECT_NEAR(density(pixel[0]) / density(pixel[1]), red / green, 0.02);
    EXPECT_NEAR(density(pixel[2]) / density(pixel[1]), blue / green, 0.02);
    checked += mosaic.classes[i] == 1;
  }
  EXPECT_GT(checked, 100U);
}

TEST(Mosaic, IsAFunctionOfItsSeed) {
  const std::vector<core::Image> pieces{plain({120, 70, 140}), plain({60, 60, 60})};
  const std::vector<std::uint8_t> classes{0, 1};
  EXPECT_EQ(make_mosaic(pieces, classes, 5).classes, make_mosaic(pieces, classes, 5).classes);
  EXPECT_NE(make_mosaic(pieces, classes, 5).classes, make_mosaic(pieces, classes, 6).classes);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::training
