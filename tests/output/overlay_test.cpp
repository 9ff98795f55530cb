#include "wsi_lpd/output/overlay.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "wsi_lpd/image/drawing.hpp"
#include "wsi_lpd/image/image_file.hpp"

namespace wsi_lpd::output {
namespace {

core::Colour pixel(const core::Image& image, std::int64_t x, std::int64_t y) {
  const std::uint8_t* at = image.at(x, y);
  return {at[0], at[1], at[2]};
}

/// A disc of TUM in a larger one of STR, an unreadable square, LYM in a corner.
core::Image some_labels(std::int64_t width, std::int64_t height) {
  core::Image labels(width, height, 1);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const double dx = (static_cast<double>(x) + 0.5) / static_cast<double>(width) - 0.5;
      const double dy = (static_cast<double>(y) + 0.5) / static_cast<double>(height) - 0.5;
      const double distance = dx * dx + dy * dy;
      std::uint8_t label = distance < 0.03 ? 1 : distance < 0.12 ? 2 : core::kNotTissue;
      if (dx > 0.1 && dx < 0.2 && dy > 0.0 && dy < 0.1) label = core::kUnreadable;
      if (dx < -0.4 && dy < -0.3) label = 3;
      *labels.at(x, y) = label;
    }
  }
  return labels;
}

/// As a slide's whose output is `labels`.
SlideStatistics statistics_of(const core::Image& labels) {
  SlideStatistics statistics;
  statistics.classes = core::default_class_scheme(4);
  const auto count = [&](int value) { return std::count(labels.data(), labels.data() + labels.bytes(), static_cast<std::uint8_t>(value)); };
  for (int c = 1; c <= 4; ++c) statistics.per_class.push_back({.pixels = count(c), .regions = 1, .largest_region = 0});
  statistics.unreadable_pixels = count(core::kUnreadable);
  for (const ClassStatistics& figures : statistics.per_class) statistics.tissue_pixels += figures.pixels;
  statistics.tissue_pixels += statistics.unreadable_pixels;
  return statistics;
}

TEST(Overlay, TintsInsideAndDrawsBordersFully) {
  const core::Image labels = some_labels(100, 75);
  core::Image thumbnail(400, 300, 3, 200);
  const core::Image picture = draw_overlay(thumbnail, labels, statistics_of(labels), 0);
  ASSERT_EQ(picture.width(), 400);
  ASSERT_EQ(picture.height(), 300);
  EXPECT_EQ(pixel(picture, 200, 150), (core::Colour{222, 120, 120}));  // 60 % of 200 and 40 % of red
  int borders = 0;
  for (std::int64_t x = 0; x < 400; ++x) borders += pixel(picture, x, 150) == core::Colour{255, 0, 0};
  EXPECT_GE(borders, 2);
  EXPECT_LE(borders, 8);
  EXPECT_EQ(pixel(picture, 20, 290) == (core::Colour{200, 200, 200}) || pixel(picture, 20, 290) == (core::Colour{255, 255, 255}) ||
                pixel(picture, 20, 290) == (core::Colour{0, 0, 0}),
            true);
}

TEST(Overlay, EverySizeCanBeDrawn) {
  for (const core::Size size : {core::Size{1, 1}, core::Size{1, 900}, core::Size{900, 1}, core::Size{40, 30}, core::Size{150, 90}}) {
    for (const core::Size map : {core::Size{1, 1}, core::Size{7, 5}, core::Size{2000, 3}}) {
      for (const double mpp : {0.0, 1e-3, 0.25, 1e6}) {
        const core::Image labels = some_labels(map.width, map.height);
        const core::Image picture = draw_overlay(core::Image(size.width, size.height, 3, 128), labels, statistics_of(labels), mpp);
        EXPECT_EQ((core::Size{picture.width(), picture.height()}), size);
      }
    }
  }
  EXPECT_TRUE(draw_overlay(core::Image(30, 20, 3, 128), core::Image(30, 20, 1), statistics_of(core::Image(30, 20, 1)), 0) ==
              core::Image(30, 20, 3, 128));  // no tissue: as it was
}

TEST(Overlay, LegendAndScaleBarStandWhereLittleIsHidden) {
  const core::Image labels = some_labels(600, 450);
  const core::Image picture = draw_overlay(core::Image(1200, 900, 3, 200), labels, statistics_of(labels), 4.0);
  std::int64_t paper_outside = 0;
  for (std::int64_t y = 0; y < 900; ++y) {
    for (std::int64_t x = 0; x < 1200; ++x) paper_outside += pixel(picture, x, y) == core::Colour{255, 255, 255};
  }
  EXPECT_GT(paper_outside, 5000);
  EXPECT_EQ(pixel(picture, 5, 5), (core::Colour{120, 120, 222}));  // LYM's corner is not covered
  if (const char* path = std::getenv("WSI_LPD_TEST_PICTURE")) image::write_png(path, picture);
}

TEST(Overlay, PaletteHasEveryValue) {
  const std::vector<core::Colour> palette = result_palette(core::default_class_scheme(4));
  ASSERT_EQ(palette.size(), 256u);
  EXPECT_EQ(palette[0], (core::Colour{255, 255, 255}));
  EXPECT_EQ(palette[4], (core::Colour{153, 0, 255}));
  EXPECT_FALSE(palette[core::kUnreadable] == palette[255]);
}

}  // namespace
}  // namespace wsi_lpd::output
