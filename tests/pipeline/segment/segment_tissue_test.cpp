#include <algorithm>

#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"
#include "wsi_lpd/synth/tissue_painter.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using testing::IdentitySegmenter;
using testing::TemporaryFolder;
using testing::write_slide;

constexpr core::Colour kStain{190, 110, 170};

TEST(SegmentSlide, TakesTheUsersRegions) {
  const TemporaryFolder folder;
  // A disc of tissue on glass.
  write_slide(folder / "slide.tif", {1280, 1280}, 0.5, [](std::int64_t x, std::int64_t y) {
    const std::int64_t dx = x - 640, dy = y - 640;
    return dx * dx + dy * dy < 500 * 500 ? kStain : core::Colour{244, 243, 245};
  });
  core::write_text_file(folder / "left.geojson", R"({"type": "Polygon", "coordinates": [[[0, 0], [640, 0], [640, 1280], [0, 1280]]]})");
  core::Image top(64, 64, 1);
  for (int y = 0; y < 32; ++y) std::fill_n(top.at(0, y), 64, std::uint8_t{255});
  image::write_png(folder / "top.png", top);
  IdentitySegmenter network(8, 0.5);
  core::SilentObserver observer;
  const auto segment = [&](const std::string& tissue, const std::string& region) {
    return segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.tissue = tissue, .region = region}, kIdentity,
                         {observer, kNever});
  };
  const double disc = 3.14159 * 500 * 500;
  EXPECT_EQ(segment(folder / "left.geojson", "").tissue_pixels, 640 * 1280) << "as it is, glass and all";
  EXPECT_EQ(segment("none", folder / "left.geojson").tissue_pixels, 640 * 1280);
  EXPECT_EQ(segment(folder / "left.geojson", folder / "top.png").tissue_pixels, 640 * 640);
  const auto whole = segment("auto", "");
  EXPECT_NEAR(static_cast<double>(whole.tissue_pixels) / disc, 1, 0.02);
  const auto half = segment("auto", folder / "left.geojson");
  EXPECT_NEAR(static_cast<double>(half.tissue_pixels) / disc, 0.5, 0.01);
  EXPECT_NEAR(static_cast<double>(half.tiles_planned) / static_cast<double>(whole.tiles_planned), 0.5, 0.25);
  EXPECT_NEAR(static_cast<double>(segment("auto", folder / "top.png").tissue_pixels) / disc, 0.5, 0.01);

  image::write_png(folder / "all.png", core::Image(64, 64, 1, 1));
  EXPECT_THAT(segment("auto", folder / "all.png").warnings,
              ::testing::Contains(::testing::HasSubstr("all.png: every pixel of the mask is inside")));

  core::write_text_file(folder / "bad.geojson", R"([{"type": "Polygon", "coordinates": [[[0, 0], [640, 0]]]}])");
  for (const auto& [tissue, region] :
       std::vector<std::pair<std::string, std::string>>{{folder / "bad.geojson", ""}, {"auto", folder / "bad.geojson"}}) {
    try {
      segment(tissue, region);
      ADD_FAILURE();
    } catch (const core::Error& error) {
      EXPECT_THAT(error.what(), ::testing::AllOf(::testing::HasSubstr("bad.geojson: it has no region"), ::testing::HasSubstr("number 1")));
    }
  }
}

/// Boxes of glass in a square of paint, and of paint in the glass: at 0.5 µm/px, four pixels are 1 µm².
TEST(SegmentSlide, GlassInsideTissueIsNotTissue) {
  const TemporaryFolder folder;
  const auto in = [](std::int64_t x, std::int64_t y, const core::Rect& box) {
    return x >= box.x && x < box.right() && y >= box.y && y < box.bottom();
  };
  const core::Rect square{100, 100, 900, 900}, lumen{300, 300, 101, 80}, cell{350, 330, 8, 8}, small{600, 600, 14, 14},
      large{800, 200, 32, 32};
  write_slide(folder / "slide.tif", {1280, 1280}, 0.5, [&](std::int64_t x, std::int64_t y) {
    const bool glass = !in(x, y, square) || (in(x, y, lumen) && !in(x, y, cell)) || in(x, y, small) || in(x, y, large);
    return glass ? core::Colour{244, 243, 245} : kStain;
  });
  IdentitySegmenter network(8, 0.5, false);  // to which the stain looks like its first class
  core::SilentObserver observer;
  for (const bool crf : {false, true}) {
    const auto segment = [&](double min_hole) {
      SegmentOptions options{.min_hole = min_hole};
      if (crf) options.crf.emplace();
      return segment_slide({folder / "slide.tif", folder / "result", {}}, network, options, kIdentity, {observer, kNever});
    };
    // The mean of 3 x 3 pixels makes tissue of each hole's outermost pixels.
    const auto inner = [](const core::Rect& box) { return (box.width - 2) * (box.height - 2); };
    const std::int64_t outside = 902 * 902 - square.width * square.height;  // the pixels around the square are tissue likewise
    auto statistics = segment(0);
    const std::int64_t lumen_and_cell = inner(lumen) - (10 * 10 - 4);  // the corners around the cell are glass
    EXPECT_EQ(statistics.tissue_pixels, square.width * square.height + outside - lumen_and_cell - inner(small) - inner(large) - 4);
    statistics = segment(37);  // 148 pixels, more than the 144 of `small`, and than the cell's
    EXPECT_EQ(statistics.tissue_pixels, square.width * square.height + outside - inner(lumen) - inner(large) - 4);
    EXPECT_GT(statistics.glass_pixels, inner(lumen) + inner(large)) << "and a rim of the thumbnail's mask";
    const core::Image labels = image::read_labels(folder / "result.tif");
    EXPECT_EQ(*labels.at(350, 350), core::kNotTissue);
    EXPECT_EQ(*labels.at(354, 334), core::kNotTissue) << "a cell in the lumen";
    EXPECT_NE(*labels.at(200, 200), core::kNotTissue);
    EXPECT_EQ(*labels.at(815, 215), core::kNotTissue);
    EXPECT_EQ(statistics.tissue_pixels - statistics.unlabelled_pixels, statistics.per_class[0].pixels) << "only tissue has a class";
    EXPECT_EQ(std::count(labels.data(), labels.data() + labels.bytes(), std::uint8_t{1}), statistics.per_class[0].pixels);
    EXPECT_EQ(segment(SegmentOptions::kMostHole).tissue_pixels, square.width * square.height + outside - 4) << "all holes are smaller";
  }
  core::write_text_file(folder / "all.geojson", R"({"type": "Polygon", "coordinates": [[[0, 0], [1280, 0], [1280, 1280], [0, 1280]]]})");
  const auto taken = segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.tissue = folder / "all.geojson"}, kIdentity,
                                   {observer, kNever});
  EXPECT_EQ(taken.tissue_pixels, 1280 * 1280) << "the user's own mask, as it is";
}

TEST(SegmentSlide, LeavesOutPiecesBelowTheSmallestTissue) {
  const TemporaryFolder folder;
  write_slide(folder / "slide.tif", {1280, 1280}, 0.5, [&](std::int64_t x, std::int64_t y) {
    const bool large = x >= 100 && x < 700 && y >= 100 && y < 700, small = x >= 900 && x < 1100 && y >= 900 && y < 1100;
    return large || small ? kStain : core::Colour{244, 243, 245};
  });
  IdentitySegmenter network(8, 0.5, false);  // to which the stain looks like its first class
  core::SilentObserver observer;
  const auto tissue = [&](double min_tissue) {
    return segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.min_tissue = min_tissue}, kIdentity, {observer, kNever})
        .tissue_pixels;
  };
  EXPECT_NEAR(static_cast<double>(tissue(20'000)), 600 * 600, 3000) << "200 x 200 pixels of 0.5 um are 10,000 um2";
  EXPECT_NEAR(static_cast<double>(tissue(5'000)), 600 * 600 + 200 * 200, 4000);
}

TEST(SegmentSlide, SaysHowSharpItIs) {
  const TemporaryFolder folder;
  constexpr std::int64_t kSide = 672;
  core::Image rgb(kSide, kSide, 3), truth(kSide, kSide, 1);
  synth::TissuePainter({kSide, kSide}, {.seed = 4, .mpp = 0.5, .tissue_fraction = 1}).paint({0, 0, kSide, kSide}, rgb.view(), truth.view());
  // Out of focus on the right: each pixel is the mean of 13 x 13.
  const auto slide = [&](std::int64_t blurred_from) {
    write_slide(folder / "slide.tif", {kSide, kSide}, 0.5, [&](std::int64_t x, std::int64_t y) {
      const std::int64_t reach = x < blurred_from ? 0 : 6;
      int sum[3] = {}, count = 0;
      for (std::int64_t j = std::max<std::int64_t>(y - reach, 0); j <= std::min(y + reach, kSide - 1); ++j) {
        for (std::int64_t i = std::max<std::int64_t>(x - reach, 0); i <= std::min(x + reach, kSide - 1); ++i, ++count) {
          for (int c = 0; c < 3; ++c) sum[c] += rgb.at(i, j)[c];
        }
      }
      return core::Colour{static_cast<std::uint8_t>(sum[0] / count), static_cast<std::uint8_t>(sum[1] / count),
                          static_cast<std::uint8_t>(sum[2] / count)};
    });
  };
  IdentitySegmenter network(8, 0.5);
  core::SilentObserver observer;
  const SegmentOptions options{.tile = 224, .overlap = 0, .tissue = "none"};
  const auto segment = [&] {
    return segment_slide({folder / "slide.tif", folder / "result", {}}, network, options, kIdentity, {observer, kNever});
  };
  slide(kSide);
  const auto sharp = segment();
  EXPECT_EQ(sharp.tiles_planned, 9);
  EXPECT_GT(sharp.focus_median.value(), 0.5);
  EXPECT_EQ(sharp.out_of_focus.value(), 0);
  EXPECT_THAT(sharp.warnings, ::testing::Not(::testing::Contains(::testing::HasSubstr("focus"))));
  slide(224);
  const auto blurred = segment();
  EXPECT_LT(blurred.focus_median.value(), 0.35);
  EXPECT_DOUBLE_EQ(blurred.out_of_focus.value(), 6.0 / 9);
  EXPECT_THAT(blurred.warnings, ::testing::Contains(::testing::HasSubstr("67 % of the tiles are out of focus")));
  EXPECT_EQ(output::read_statistics(folder / "result.json")->out_of_focus, blurred.out_of_focus);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
