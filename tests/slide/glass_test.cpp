#include "wsi_lpd/slide/glass.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace wsi_lpd::slide {
namespace {

constexpr core::Colour kGlass{240, 238, 236}, kTissue{200, 120, 170};

void paint(core::Image& rgb, const core::Rect& box, core::Colour colour) {
  for (std::int64_t y = box.y; y < box.bottom(); ++y) {
    for (std::int64_t x = box.x; x < box.right(); ++x)
      std::copy_n(std::array{colour.red, colour.green, colour.blue}.data(), 3, rgb.at(x, y));
  }
}

core::Image slide_with(core::Colour glass) {
  core::Image rgb(100, 80, 3);
  paint(rgb, {0, 0, 100, 80}, glass);
  paint(rgb, {20, 20, 60, 40}, kTissue);
  return rgb;
}

core::Image glass_of(const GlassFinder& finder, const core::Image& rgb) {
  core::Image glass(rgb.width(), rgb.height(), 1, 7);
  finder.find(rgb.view(), glass.view());
  return glass;
}

bool is_glass(const GlassFinder& finder, core::Colour colour) {
  core::Image rgb(5, 5, 3);
  paint(rgb, {0, 0, 5, 5}, colour);
  return *glass_of(finder, rgb).at(2, 2) == 1;
}

TEST(GlassFinder, TellsGlassByTheSlidesOwn) {
  const auto finder = GlassFinder::of(slide_with(kGlass));
  ASSERT_TRUE(finder);
  EXPECT_TRUE(is_glass(*finder, kGlass));
  EXPECT_TRUE(is_glass(*finder, {255, 255, 255})) << "empty spaces shine brighter";
  EXPECT_TRUE(is_glass(*finder, {255, 246, 240})) << "of another tint, but no light is missing";
  EXPECT_TRUE(is_glass(*finder, {222, 220, 218})) << "8 % less light";
  EXPECT_FALSE(is_glass(*finder, {208, 206, 204})) << "14 % less light";
  EXPECT_FALSE(is_glass(*finder, {240, 215, 236})) << "pale eosin: green alone is missing";
  EXPECT_FALSE(is_glass(*finder, kTissue));
  const auto dark = GlassFinder::of(slide_with({180, 178, 176}));
  ASSERT_TRUE(dark);
  EXPECT_TRUE(is_glass(*dark, {182, 178, 174})) << "of an underexposed slide";
  EXPECT_FALSE(is_glass(*finder, {182, 178, 174}));
}

TEST(GlassFinder, NothingIsKnownWithoutGlass) {
  core::Image rgb(50, 50, 3);
  paint(rgb, {0, 0, 50, 50}, kTissue);
  EXPECT_FALSE(GlassFinder::of(rgb));
}

// The mean of 3 × 3 pixels, edges repeated, whatever the size and the view.
TEST(GlassFinder, JudgesTheMeanOfNinePixels) {
  const auto finder = GlassFinder::of(slide_with(kGlass));
  ASSERT_TRUE(finder);
  std::mt19937 random(11);
  for (int round = 0; round < 50; ++round) {
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    core::Image rgb(pick(1, 20), pick(1, 20), 3);
    for (std::size_t i = 0; i < rgb.bytes(); i += 3) {
      const bool pale = pick(0, 3) > 0;
      for (std::size_t c = 0; c < 3; ++c) rgb.data()[i + c] = static_cast<std::uint8_t>(pale ? pick(225, 245) : pick(100, 255));
    }
    const core::Image glass = glass_of(*finder, rgb);
    for (std::int64_t y = 0; y < rgb.height(); ++y) {
      for (std::int64_t x = 0; x < rgb.width(); ++x) {
        std::array<int, 3> sum{};
        for (std::int64_t v = y - 1; v <= y + 1; ++v) {
          for (std::int64_t u = x - 1; u <= x + 1; ++u) {
            const std::uint8_t* at =
                rgb.at(std::clamp<std::int64_t>(u, 0, rgb.width() - 1), std::clamp<std::int64_t>(v, 0, rgb.height() - 1));
            for (std::size_t c = 0; c < 3; ++c) sum[c] += at[c];
          }
        }
        const auto mean = [&](std::size_t c) { return static_cast<std::uint8_t>((sum[c] + 4) / 9); };
        ASSERT_EQ(*glass.at(x, y) == 1, is_glass(*finder, {mean(0), mean(1), mean(2)})) << x << ", " << y;
      }
    }
  }
}

}  // namespace
}  // namespace wsi_lpd::slide
