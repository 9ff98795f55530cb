#include "wsi_lpd/image/drawing.hpp"

#include <gtest/gtest.h>

namespace wsi_lpd::image {
namespace {

std::int64_t changed(const Image& image) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < image.bytes(); ++i) count += image.data()[i] != 255;
  return count;
}

TEST(Drawing, TextIsDrawnInItsColourAndClipped) {
  Image page(200, 40, 3, 255);
  const Size size = draw_text(page, 5, 5, "TUM <b>&", {0, 0, 255}, 16);  // plain text, never markup
  EXPECT_GT(size.width, 60);
  EXPECT_LE(size.height, 24);
  EXPECT_GT(changed(page), 100);
  bool blue = false;
  for (std::size_t i = 0; i < page.bytes(); i += 3) {
    EXPECT_EQ(page.data()[i + 2], 255);
    blue |= page.data()[i] < 30;
  }
  EXPECT_TRUE(blue);

  Image corner(8, 8, 3, 255);
  EXPECT_EQ(draw_text(corner, -10, -4, "TUM <b>&", {0, 0, 255}, 16), size);
  draw_text(corner, 1000, 1000, "far", {0, 0, 0}, 16);
  EXPECT_EQ(draw_text(corner, 0, 0, "", {0, 0, 0}, 16), Size{});
  draw_text(corner, 0, 0, "not UTF-8: \xff\xfe", {0, 0, 0}, 16);
}

TEST(Drawing, RectanglesAreClipped) {
  Image page(4, 3, 3, 255);
  fill_rect(page, {-5, 1, 7, 100}, {1, 2, 3});
  EXPECT_EQ(changed(page), 2 * 2 * 3);
  EXPECT_EQ(page.at(1, 2)[2], 3);
  fill_rect(page, {10, 10, 5, 5}, {0, 0, 0});
  EXPECT_EQ(changed(page), 2 * 2 * 3);
}

TEST(Drawing, ResizeGivesExactlyTheSize) {
  Image source(37, 53, 3, 90);
  for (const Size size : {Size{1, 1}, Size{37, 53}, Size{36, 52}, Size{7, 200}, Size{301, 2}, Size{111, 159}, Size{19, 27}}) {
    const Image resized = resize(source, size);
    EXPECT_EQ((Size{resized.width(), resized.height()}), size);
    EXPECT_TRUE(resized == Image(size.width, size.height, 3, 90));
  }
  Image halves(100, 10, 3, 0);
  fill_rect(halves, {50, 0, 50, 10}, {200, 200, 200});
  const Image small = resize(halves, {10, 1});
  EXPECT_EQ(small.at(1, 0)[0], 0);
  EXPECT_EQ(small.at(8, 0)[0], 200);
}

}  // namespace
}  // namespace wsi_lpd::image
