#include "wsi_lpd/slide/focus.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "test_data.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"
#include "wsi_lpd/synth/tissue_painter.hpp"

namespace wsi_lpd::slide {
namespace {

/// Gaussian blur, edges repeated.
core::Image blurred(const core::Image& source, double sigma) {
  const auto reach = static_cast<std::int64_t>(std::ceil(3 * sigma));
  std::vector<double> weights;
  double sum = 0;
  for (std::int64_t i = -reach; i <= reach; ++i) sum += weights.emplace_back(std::exp(-static_cast<double>(i * i) / (2 * sigma * sigma)));
  const auto pass = [&](const core::Image& from, bool across) {
    core::Image to(from.width(), from.height(), 3);
    for (std::int64_t y = 0; y < from.height(); ++y) {
      for (std::int64_t x = 0; x < from.width(); ++x) {
        for (int c = 0; c < 3; ++c) {
          double value = 0;
          for (std::int64_t i = -reach; i <= reach; ++i) {
            const std::int64_t column = std::clamp<std::int64_t>(across ? x + i : x, 0, from.width() - 1);
            const std::int64_t row = std::clamp<std::int64_t>(across ? y : y + i, 0, from.height() - 1);
            value += weights[static_cast<std::size_t>(i + reach)] * from.at(column, row)[c];
          }
          to.at(x, y)[c] = static_cast<std::uint8_t>(std::lround(value / sum));
        }
      }
    }
    return to;
  };
  return pass(pass(source, true), false);
}

void expect_lower_with_every_blur(const core::Image& sharp, const std::string& name) {
  float before = sharpness(sharp.view());
  EXPECT_GT(before, kOutOfFocus) << name;
  for (const double sigma : {1.0, 2.0, 3.0, 5.0}) {
    const float now = sharpness(blurred(sharp, sigma).view());
    EXPECT_LT(now, before) << name << ", sigma " << sigma;
    before = now;
    if (sigma >= 3) {
      EXPECT_LT(now, kOutOfFocus) << name << ", sigma " << sigma;
    }
  }
}

TEST(Focus, FallsWithEveryBlurOfPaintedTissue) {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    constexpr std::int64_t kSide = 224;
    core::Image rgb(kSide, kSide, 3), truth(kSide, kSide, 1);
    synth::TissuePainter({kSide, kSide}, {.seed = seed, .mpp = 0.5, .tissue_fraction = 1})
        .paint({0, 0, kSide, kSide}, rgb.view(), truth.view());
    expect_lower_with_every_blur(rgb, "seed " + std::to_string(seed));
  }
}

TEST(Focus, FallsWithEveryBlurOfRealTissue) {
  WSI_LPD_NEEDS_DATA(data);
  for (const auto& [name, place] : std::vector<std::pair<const char*, core::Rect>>{
           {"slides/CMU-1-Small-Region.svs", {300, 1100, 448, 448}}, {"slides/CMU-1-Small-Region.svs", {700, 400, 448, 448}}}) {
    core::Image rgb(place.width, place.height, 3);
    open(data / name)->read(0, place, rgb.view());
    expect_lower_with_every_blur(rgb, name);
  }
}

TEST(Focus, DependsNeitherOnStainNorOnLight) {
  constexpr std::int64_t kSide = 224;
  core::Image rgb(kSide, kSide, 3), truth(kSide, kSide, 1);
  synth::TissuePainter({kSide, kSide}, {.seed = 7, .mpp = 0.5, .tissue_fraction = 1}).paint({0, 0, kSide, kSide}, rgb.view(), truth.view());
  const float whole = sharpness(rgb.view());
  core::Image pale = rgb, dark = rgb;
  for (std::size_t i = 0; i < rgb.bytes(); ++i) {
    pale.data()[i] = static_cast<std::uint8_t>(240 - (240 - std::min<int>(rgb.data()[i], 240)) / 2);
    dark.data()[i] = static_cast<std::uint8_t>(rgb.data()[i] * 2 / 3);
  }
  EXPECT_NEAR(sharpness(pale.view()), whole, 0.03);
  EXPECT_NEAR(sharpness(dark.view()), whole, 0.03);
}

TEST(Focus, WhatHasNothingToFocusOnHasNone) {
  EXPECT_TRUE(std::isnan(sharpness(core::Image(224, 224, 3, 240).view())));
  EXPECT_TRUE(std::isnan(sharpness(core::Image(15, 224, 3).view())));
}

TEST(Focus, IsSummedUpOverTheTilesThatHaveOne) {
  constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
  const FocusSummary some = summarise_focus({kNone, 0.6F, 0.1F, 0.5F, kNone, 0.2F, 0.7F});
  EXPECT_FLOAT_EQ(static_cast<float>(some.median.value()), 0.5F);
  EXPECT_DOUBLE_EQ(some.out_of_focus.value(), 0.4);
  EXPECT_FALSE(summarise_focus({kNone}).median || summarise_focus({}).out_of_focus);
}

}  // namespace
}  // namespace wsi_lpd::slide
