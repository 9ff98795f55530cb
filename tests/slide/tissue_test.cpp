#include "wsi_lpd/slide/tissue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "slide/position_slide.hpp"
#include "test_data.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/synth/tissue_painter.hpp"

namespace wsi_lpd::slide {
namespace {

constexpr std::int64_t kSide = 400;
const core::Rect kArea{0, 0, kSide * 8, kSide * 8};

/// Bluish white with shading from 246 to 226 and noise.
core::Image glass(std::int64_t side = kSide) {
  core::Image picture(side, side, 3);
  std::mt19937 random(2);
  std::normal_distribution<double> noise(0, 3);
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = 0; x < side; ++x) {
      const double light = 246 - 20.0 * static_cast<double>(x + y) / static_cast<double>(2 * side);
      for (int c = 0; c < 3; ++c)
        picture.at(x, y)[c] = static_cast<std::uint8_t>(std::clamp(light - (c == 0 ? 5 : 0) + noise(random), 0.0, 255.0));
    }
  }
  return picture;
}

/// A disc of colour, with noise of ±`texture`.
void add_disc(core::Image& picture, double x, double y, double radius, core::Colour colour, int texture = 15) {
  std::mt19937 random(3);
  for (std::int64_t j = 0; j < picture.height(); ++j) {
    for (std::int64_t i = 0; i < picture.width(); ++i) {
      const double dx = static_cast<double>(i) - x, dy = static_cast<double>(j) - y;
      if (dx * dx + dy * dy > radius * radius) continue;
      const int shift = static_cast<int>(random() % static_cast<unsigned>(2 * texture + 1)) - texture;
      const int parts[3] = {colour.red, colour.green, colour.blue};
      for (int c = 0; c < 3; ++c) picture.at(i, j)[c] = static_cast<std::uint8_t>(std::clamp(parts[c] + shift, 0, 255));
    }
  }
}

TEST(Tissue, GlassAloneIsEmpty) {
  EXPECT_EQ(find_tissue(glass(), kArea, 4).fraction(), 0);
  EXPECT_EQ(find_tissue(core::Image(kSide, kSide, 3, 255), kArea, 4).fraction(), 0);
  EXPECT_EQ(find_tissue(core::Image(kSide, kSide, 3, 0), kArea, 4).fraction(), 0) << "black: not scanned";
}

TEST(Tissue, TissueAloneIsFull) {
  core::Image picture(kSide, kSide, 3);
  add_disc(picture, kSide / 2, kSide / 2, 2 * kSide, {205, 140, 190}, 40);
  EXPECT_EQ(find_tissue(picture, kArea, 4).fraction(), 1);
  add_disc(picture, 100, 100, 60, {120, 70, 140}, 40);  // and dark tissue beside pale tissue is no border with glass
  EXPECT_EQ(find_tissue(picture, kArea, 4).fraction(), 1);
}

TEST(Tissue, PaleTissueIsFoundBesideDarkTissue) {
  core::Image picture = glass();
  add_disc(picture, 110, 120, 80, {150, 80, 150});
  add_disc(picture, 290, 270, 80, {226, 202, 220}, 4);
  const core::TissueMask tissue = find_tissue(picture, kArea, 4);
  EXPECT_TRUE(tissue.at(110 * 8, 120 * 8));
  EXPECT_TRUE(tissue.at(290 * 8, 270 * 8));
  EXPECT_FALSE(tissue.at(290 * 8, 60 * 8));
  EXPECT_NEAR(tissue.fraction(), 2 * 3.1416 * 80 * 80 / (kSide * kSide), 0.02);
}

TEST(Tissue, GreyTissueIsFoundByDarkness) {
  core::Image picture = glass();
  add_disc(picture, 200, 200, 90, {120, 120, 125});
  const core::TissueMask tissue = find_tissue(picture, kArea, 4);
  EXPECT_NEAR(tissue.fraction(), 3.1416 * 90 * 90 / (kSide * kSide), 0.02);
}

TEST(Tissue, SpecksGoAndHolesAreFilledBySize) {
  core::Image picture = glass();
  add_disc(picture, 200, 200, 120, {190, 110, 170});
  add_disc(picture, 200, 200, 12, {243, 243, 245}, 2);  // 0.007 mm² at 4 µm/px
  add_disc(picture, 240, 150, 30, {243, 243, 245}, 2);  // 0.045 mm²
  add_disc(picture, 40, 40, 12, {190, 110, 170});
  add_disc(picture, 360, 360, 30, {190, 110, 170});
  const core::TissueMask tissue = find_tissue(picture, kArea, 4);
  EXPECT_TRUE(tissue.at(200 * 8, 200 * 8));
  EXPECT_FALSE(tissue.at(240 * 8, 150 * 8));
  EXPECT_FALSE(tissue.at(40 * 8, 40 * 8));
  EXPECT_TRUE(tissue.at(360 * 8, 360 * 8));
}

TEST(Tissue, MatchesTheTruthOfPaintedSlides) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    constexpr std::int64_t kPainted = 2048, kShrunk = 512;
    const synth::TissuePainter painter({kPainted, kPainted}, {.seed = seed, .mpp = 0.5, .tissue_fraction = 0.5, .stain_variation = 1});
    core::Image rgb(kPainted, kPainted, 3), truth(kPainted, kPainted, 1), shrunk(kShrunk, kShrunk, 3);
    painter.paint({0, 0, kPainted, kPainted}, rgb.view(), truth.view());
    core::resample_area(rgb.view(), 0, 0, 4, 4, shrunk.view());
    const core::TissueMask tissue = find_tissue(shrunk, {0, 0, kPainted, kPainted}, 2);
    double both = 0, either = 0;
    for (std::int64_t y = 2; y < kPainted; y += 4) {
      for (std::int64_t x = 2; x < kPainted; x += 4) {
        const bool found = tissue.at(static_cast<double>(x), static_cast<double>(y)), is = *truth.at(x, y) != synth::TissuePainter::kGlass;
        both += found && is;
        either += found || is;
      }
    }
    EXPECT_GT(both / either, 0.93) << "seed " << seed;
  }
}

TEST(Tissue, AUsersMaskMustHaveTheSlidesShape) {
  Properties slide;
  slide.path = "a.mrxs";
  slide.levels = {{{10000, 4000}, 1, 1}};
  slide.bounds = {2000, 500, 3000, 3000};
  EXPECT_EQ(tissue_from_image(core::Image(100, 40, 1, 9), slide).area, (core::Rect{0, 0, 10000, 4000}));
  EXPECT_EQ(tissue_from_image(core::Image(101, 100, 1, 9), slide).area, slide.bounds);
  EXPECT_EQ(tissue_from_image(core::Image(100, 40, 1, 9), slide).fraction(), 1);
  EXPECT_THROW(tissue_from_image(core::Image(100, 60, 1), slide), core::Error);
}

TEST(Tissue, IsFoundOnRealSlides) {
  WSI_LPD_NEEDS_DATA(data);
  for (const auto& [name, low, high] :
       std::vector<std::tuple<const char*, double, double>>{{"slides/CMU-1-Small-Region.svs", 0.35, 0.45},
                                                            {"slides/oral-scc.tif", 0.25, 0.33},
                                                            {"slides/tcga-cr-7395-01a-01-ts1.svs", 0.58, 0.67}}) {
    const double fraction = find_tissue(*open(data / name)).fraction();
    EXPECT_GT(fraction, low) << name;
    EXPECT_LE(fraction, high) << name;
  }
}

}  // namespace
}  // namespace wsi_lpd::slide
