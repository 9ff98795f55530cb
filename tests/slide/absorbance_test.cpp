#include "absorbance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace wsi_lpd::slide {
namespace {

constexpr core::Colour kTissue{190, 110, 170};

/// 100 × 100 pixels: `share` percent of the rows in the first colour, the rest in the second.
core::Image picture(core::Colour first, int percent, core::Colour second) {
  core::Image rgb(100, 100, 3);
  for (std::int64_t y = 0; y < 100; ++y) {
    const core::Colour colour = y < percent ? first : second;
    for (std::int64_t x = 0; x < 100; ++x) std::copy_n(std::array{colour.red, colour.green, colour.blue}.data(), 3, rgb.at(x, y));
  }
  return rgb;
}

Light light_of(const core::Colour& colour) {
  return {static_cast<double>(colour.red), static_cast<double>(colour.green), static_cast<double>(colour.blue)};
}

Absorbance absorbance(const Light& glass, std::array<std::uint8_t, 3> pixel) { return Absorber(glass)(pixel.data()); }

TEST(GlassLight, IsTheBrightestColourThatEnoughPixelsShare) {
  for (const core::Colour glass : {core::Colour{242, 240, 238}, core::Colour{215, 214, 200}, core::Colour{96, 95, 96}}) {
    EXPECT_EQ(glass_light(picture(glass, 100, glass)), light_of(glass));
    EXPECT_EQ(glass_light(picture(glass, 30, {60, 20, 50})), light_of(glass)) << "tissue is darker";
  }
  const core::Colour glass{220, 219, 218};
  core::Image shining = picture(glass, 50, kTissue);
  for (std::int64_t x = 0; x < 90; ++x) std::fill_n(shining.at(x, 0), 3, std::uint8_t{250});
  EXPECT_EQ(glass_light(shining), light_of(glass)) << "0.9 % are specks";
}

TEST(GlassLight, UnevenGlassIsItsCommonestColour) {
  const core::Colour bright{244, 243, 242}, common{232, 231, 230};
  EXPECT_EQ(glass_light(picture(bright, 10, common)), light_of(common));
  const core::Colour far{200, 199, 198};
  EXPECT_EQ(glass_light(picture(bright, 10, far)), light_of(bright)) << "lamps do not vary that much";
  std::mt19937 random(3);
  core::Image noisy = picture(common, 60, kTissue);
  for (std::int64_t i = 0; i < 100 * 60 * 3; ++i) noisy.data()[i] = static_cast<std::uint8_t>(noisy.data()[i] + random() % 7 - 3);
  const auto light = glass_light(noisy);
  ASSERT_TRUE(light.has_value());
  for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR((*light)[c], light_of(common)[c], 1);
}

TEST(GlassLight, WhiteComesSecond) {
  const core::Colour white{255, 255, 255}, glass{230, 229, 228};
  EXPECT_EQ(glass_light(picture(white, 70, glass)), light_of(glass)) << "white may be what the scanner left out";
  EXPECT_EQ(glass_light(picture(white, 70, {60, 20, 50})), light_of(white));
  EXPECT_EQ(glass_light(picture(white, 100, white)), light_of(white));
}

TEST(GlassLight, IsNoStainAndNotTheDark) {
  EXPECT_FALSE(glass_light(picture({235, 190, 225}, 100, kTissue)).has_value()) << "eosin";
  EXPECT_FALSE(glass_light(picture({180, 200, 240}, 100, kTissue)).has_value()) << "absorbs red like haematoxylin";
  EXPECT_TRUE(glass_light(picture({240, 236, 205}, 100, kTissue)).has_value()) << "yellow balsam";
  EXPECT_FALSE(glass_light(picture({79, 79, 79}, 100, {20, 20, 20})).has_value());
  EXPECT_TRUE(glass_light(picture({80, 80, 80}, 100, {20, 20, 20})).has_value());
}

TEST(Absorbance, IsTheLogarithmOfGlassToPixel) {
  const Light glass{199, 99, 255};
  const Absorbance tenth = absorbance(glass, {19, 9, 255});
  EXPECT_DOUBLE_EQ(tenth.channel[0], 1);
  EXPECT_DOUBLE_EQ(tenth.channel[1], 1);
  EXPECT_DOUBLE_EQ(tenth.channel[2], 0);
  EXPECT_DOUBLE_EQ(tenth.mean(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(tenth.least(), 0);
  EXPECT_DOUBLE_EQ(tenth.spread(), 1);
  const Absorbance same = absorbance(glass, {199, 99, 255});
  EXPECT_EQ(same.channel, (std::array<double, 3>{}));
  EXPECT_DOUBLE_EQ(absorbance(glass, {0, 0, 0}).channel[0], std::log10(200.0)) << "black is not infinitely dark";
  EXPECT_LT(absorbance(glass, {220, 99, 255}).channel[0], 0) << "brighter than glass";
  EXPECT_LT(absorbance(glass, {220, 99, 255}).least(), 0);
}

TEST(Absorbance, HuesLieOnACircle) {
  const auto colour = [](double red, double green, double blue) { return Absorbance{{red, green, blue}}.colour(); };
  const std::vector<std::pair<std::array<double, 3>, double>> hues{{{1, 0, 0}, 0},   {{1, 1, 0}, 60},  {{0, 1, 0}, 120},
                                                                   {{0, 1, 1}, 180}, {{0, 0, 1}, 240}, {{1, 0, 1}, 300}};
  for (const auto& [dye, hue] : hues) {
    const Absorbance::Colour pure = colour(dye[0], dye[1], dye[2]);
    EXPECT_NEAR(std::remainder(pure.hue - hue, 360), 0, 1e-9) << hue;
    EXPECT_NEAR(pure.saturation, hue == std::round(hue / 120) * 120 ? 2 : 1, 1e-9) << hue;
    EXPECT_GE(pure.hue, 0);
  }
  EXPECT_NEAR(colour(0.3, 0.3, 0.3).saturation, 0, 1e-12);
  EXPECT_EQ(colour(0, 0, 0).saturation, 0);
  EXPECT_EQ(colour(-0.1, -0.1, 0).hue, 0) << "brighter than glass has no colour";
}

TEST(Absorbance, ColourDoesNotDependOnTheAmountOfDye) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::uniform_real_distribution<double> dye(0.01, 1), amount(0.1, 5);
    const Absorbance thin{{dye(random), dye(random), dye(random)}};
    const double times = amount(random);
    const Absorbance thick{{times * thin.channel[0], times * thin.channel[1], times * thin.channel[2]}};
    EXPECT_NEAR(std::remainder(thin.colour().hue - thick.colour().hue, 360), 0, 1e-6);
    EXPECT_NEAR(thin.colour().saturation, thick.colour().saturation, 1e-9);
  }
}

}  // namespace
}  // namespace wsi_lpd::slide
