#include "wsi_lpd/image/drawing.hpp"

#include <gtest/gtest.h>

namespace wsi_lpd::image {
namespace {

std::int64_t changed(const core::Image& image) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < image.bytes(); ++i) count += image.data()[i] != 255;
  return count;
}

TEST(Drawing, TextIsDrawnInItsColourAndClipped) {
  core::Image page(200, 40, 3, 255);
  const core::Size size = draw_text(page, 5, 5, "TUM <b>&", {0, 0, 255}, 16);  // plain text, never markup
  EXPECT_GT(size.width, 60);
  EXPECT_LE(size.height, 24);
  EXPECT_GT(changed(page), 100);
  bool blue = false;
  for (std::size_t i = 0; i < page.bytes(); i += 3) {
    EXPECT_EQ(page.data()[i + 2], 255);
    blue |= page.data()[i] < 30;
  }
  EXPECT_TRUE(blue);

  core::Image corner(8, 8, 3, 255);
  EXPECT_EQ(draw_text(corner, -10, -4, "TUM <b>&", {0, 0, 255}, 16), size);
  draw_text(corner, 1000, 1000, "far", {0, 0, 0}, 16);
  EXPECT_EQ(draw_text(corner, 0, 0, "", {0, 0, 0}, 16), core::Size{});
  draw_text(corner, 0, 0, "not UTF-8: \xff\xfe", {0, 0, 0}, 16);
}

TEST(Drawing, RectanglesAreClipped) {
  core::Image page(4, 3, 3, 255);
  fill_rect(page, {-5, 1, 7, 100}, {1, 2, 3});
  EXPECT_EQ(changed(page), 2 * 2 * 3);
  EXPECT_EQ(page.at(1, 2)[2], 3);
  fill_rect(page, {10, 10, 5, 5}, {0, 0, 0});
  EXPECT_EQ(changed(page), 2 * 2 * 3);
}

TEST(Drawing, ResizeGivesExactlyTheSize) {
  core::Image source(37, 53, 3, 90);
  for (const core::Size size : {core::Size{1, 1}, core::Size{37, 53}, core::Size{36, 52}, core::Size{7, 200}, core::Size{301, 2},
                                core::Size{111, 159}, core::Size{19, 27}}) {
    for (const Kernel kernel : {Kernel::Linear, Kernel::Cubic}) {
      const core::Image resized = resize(source, size, kernel);
      EXPECT_EQ((core::Size{resized.width(), resized.height()}), size);
      EXPECT_TRUE(resized == core::Image(size.width, size.height, 3, 90));
    }
  }
  core::Image halves(100, 10, 3, 0);
  fill_rect(halves, {50, 0, 50, 10}, {200, 200, 200});
  const core::Image small = resize(halves, {10, 1});
  EXPECT_EQ(small.at(1, 0)[0], 0);
  EXPECT_EQ(small.at(8, 0)[0], 200);
}

TEST(Drawing, ResizeKeepsEverythingInItsPlace) {
  core::Image ramps(60, 50, 3);
  for (std::int64_t y = 0; y < 50; ++y) {
    for (std::int64_t x = 0; x < 60; ++x) {
      ramps.at(x, y)[0] = static_cast<std::uint8_t>(4 * x);
      ramps.at(x, y)[1] = static_cast<std::uint8_t>(4 * y);
    }
  }
  for (const Kernel kernel : {Kernel::Linear, Kernel::Cubic}) {
    for (const core::Size size :
         {core::Size{60, 50}, core::Size{64, 64}, core::Size{90, 75}, core::Size{120, 40}, core::Size{40, 45}, core::Size{51, 100}}) {
      const core::Image resized = resize(ramps, size, kernel);
      double error_x = 0, error_y = 0;  // mean, in source pixels
      std::int64_t count = 0;
      for (std::int64_t y = 4; y < size.height - 4; ++y) {
        for (std::int64_t x = 4; x < size.width - 4; ++x, ++count) {
          const auto at = [](std::int64_t i, std::int64_t from, std::int64_t to) {
            return (static_cast<double>(i) + 0.5) * static_cast<double>(from) / static_cast<double>(to) - 0.5;
          };
          error_x += resized.at(x, y)[0] / 4.0 - at(x, 60, size.width);
          error_y += resized.at(x, y)[1] / 4.0 - at(y, 50, size.height);
        }
      }
      EXPECT_NEAR(error_x / static_cast<double>(count), 0, 0.1) << size.width;
      EXPECT_NEAR(error_y / static_cast<double>(count), 0, 0.1) << size.height;
    }
  }
}

}  // namespace
}  // namespace wsi_lpd::image
