#include "wsi_lpd/output/tissue_picture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/tissue_mask.hpp"

namespace wsi_lpd::output {
namespace {

core::Colour pixel(const core::Image& image, std::int64_t x, std::int64_t y) {
  const std::uint8_t* at = image.at(x, y);
  return {at[0], at[1], at[2]};
}

/// 4 x 3 tiles of 100 output pixels; the two in the middle of the second row are taken.
core::TilePlan some_plan() {
  core::TilePlan plan;
  plan.frame = {{0, 0, 400, 300}, 1, {400, 300}, 0.5, 0.5};
  plan.tile = plan.stride = 100;
  plan.columns = 4;
  plan.rows = 3;
  plan.tiles = {{100, 100}, {200, 100}};
  return plan;
}

void fill(core::Image& parts, const core::Rect& rect, core::Part part) {
  for (std::int64_t y = rect.y; y < rect.bottom(); ++y) std::fill_n(parts.at(rect.x, y), rect.width, static_cast<std::uint8_t>(part));
}

TEST(TissuePicture, OutlinesTissueHatchesTheRestAndDrawsTheGrid) {
  core::Image parts(200, 150, 1);
  fill(parts, {55, 55, 90, 40}, core::Part::Tissue);
  fill(parts, {150, 10, 30, 30}, core::Part::Ink);
  const core::Colour paper{200, 200, 200};
  const core::Image picture = draw_tissue(core::Image(400, 300, 3, 200), parts, some_plan(), 0);
  ASSERT_EQ((core::Size{picture.width(), picture.height()}), (core::Size{400, 300}));
  EXPECT_EQ(pixel(picture, 150, 150), paper) << "tissue itself stays as it is";
  EXPECT_EQ(pixel(picture, 110, 150), (core::Colour{0, 158, 115})) << "its outline";
  EXPECT_EQ(pixel(picture, 20, 150), paper) << "glass";
  EXPECT_NE(pixel(picture, 200, 150), paper) << "the grid between the tiles";
  EXPECT_NE(pixel(picture, 150, 100), paper) << "the grid's upper edge";
  EXPECT_EQ(pixel(picture, 50, 100), paper) << "no grid where nothing is taken";
  std::set<std::string> ink;
  for (std::int64_t x = 310; x < 350; ++x) ink.insert(core::to_string(pixel(picture, x, 50)));
  EXPECT_EQ(ink.size(), 2) << "hatched";
  EXPECT_FALSE(ink.contains(core::to_string(paper)));
}

TEST(TissuePicture, EverySizeCanBeDrawn) {
  for (const core::Size size : {core::Size{1, 1}, core::Size{1, 900}, core::Size{900, 1}, core::Size{40, 30}, core::Size{700, 500}}) {
    for (const double mpp : {0.0, 1e-3, 8.0}) {
      for (int part = 0; part < core::kParts; ++part) {
        const core::Image picture = draw_tissue(core::Image(size.width, size.height, 3, 128),
                                                core::Image(7, 5, 1, static_cast<std::uint8_t>(part)), some_plan(), mpp);
        EXPECT_EQ((core::Size{picture.width(), picture.height()}), size);
      }
    }
  }
}

}  // namespace
}  // namespace wsi_lpd::output
