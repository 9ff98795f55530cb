// The rasters that options add to a slide's results.
#include <nlohmann/json.hpp>

#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/image/pyramid_file.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"
#include "wsi_lpd/slide/archive_file.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using testing::IdentitySegmenter;
using testing::kPaint;
using testing::TemporaryFolder;
using testing::write_slide;

constexpr core::Size kSlide{613, 405};
constexpr int kCell = 8;

/// Columns of cells in the classes' colours, in turn.
std::size_t class_of(std::int64_t x) { return static_cast<std::size_t>(x / kCell) % kPaint.size(); }

/// The first class's map: of a label raster's reader, as it has one sample of 8 bits.
core::Image first_plane(const std::filesystem::path& path, int level = 0) {
  const auto reader = image::LabelReader::open(path, level);
  core::Image plane(reader->size().width, reader->size().height, 1);
  for (std::int64_t y = 0; y < plane.height(); ++y) reader->next_row(plane.at(0, y));
  return plane;
}

class Rasters : public ::testing::Test {
 protected:
  void SetUp() override {
    write_slide(folder_ / "slide.tif", kSlide, 0.5, [](std::int64_t x, std::int64_t) { return kPaint[class_of(x)]; });
  }
  output::SlideStatistics segment(SegmentOptions options) {
    options.tissue = "none";
    options.probabilities = true;
    IdentitySegmenter network(kCell, 0.5);
    core::SilentObserver observer;
    return segment_slide({folder_ / "slide.tif", folder_ / "result", {}}, network, options, kIdentity, {observer, kNever});
  }
  TemporaryFolder folder_;
};

TEST_F(Rasters, ProbabilitiesLieOnTheNetworksGrid) {
  segment({});
  const core::Image plane = first_plane(folder_ / "result.probabilities.ome.tif");
  ASSERT_EQ((core::Size{plane.width(), plane.height()}), (core::Size{77, 51}));
  for (std::int64_t y = 0; y < plane.height(); ++y) {
    for (std::int64_t x = 0; x < plane.width(); ++x) ASSERT_EQ(*plane.at(x, y), class_of(x * kCell) == 0 ? 255 : 0) << x << ' ' << y;
  }
  const auto json = nlohmann::json::parse(image::LabelReader::open(folder_ / "result.probabilities.ome.tif")->description());
  EXPECT_EQ(json["channels"].size(), 3U);
  EXPECT_EQ(json["level0_pixels_per_pixel"], 8);
  EXPECT_EQ(json["mpp"], 4);
  EXPECT_EQ(json["level0_bounds"], nlohmann::json({0, 0, kSlide.width, kSlide.height}));
}

TEST_F(Rasters, ProbabilitiesAreMeansOfCoarserCells) {
  segment({.map_mpp = 8});  // two cells
  const core::Image plane = first_plane(folder_ / "result.probabilities.ome.tif");
  ASSERT_EQ((core::Size{plane.width(), plane.height()}), (core::Size{39, 26}));
  for (std::int64_t x = 0; x < plane.width(); ++x) {
    const std::int64_t left = 2 * x, cells = std::min<std::int64_t>(2, 77 - left);
    std::int64_t of_class = 0;
    for (std::int64_t cell = left; cell < left + cells; ++cell) of_class += class_of(cell * kCell) == 0;
    ASSERT_EQ(*plane.at(x, 10), std::lround(255.0 * static_cast<double>(of_class) / static_cast<double>(cells))) << x;
  }
  EXPECT_EQ(nlohmann::json::parse(image::LabelReader::open(folder_ / "result.probabilities.ome.tif")->description())["mpp"], 8);
}

TEST_F(Rasters, AreNoSlidesAndAreRefusedAsSuch) {
  segment({.ome = true});
  EXPECT_FALSE(slide::is_slide(folder_ / "result.ome.tif"));
  EXPECT_FALSE(slide::is_slide(folder_ / "result.probabilities.ome.tif"));
  EXPECT_THROW(image::PyramidFile::open(folder_ / "result.probabilities.ome.tif"), core::Error) << "three planes are no picture";
}

TEST_F(Rasters, OfASlideWithoutResolutionSayNone) {
  write_slide(folder_ / "slide.tif", kSlide, 0, [](std::int64_t x, std::int64_t) { return kPaint[class_of(x)]; });
  IdentitySegmenter network(kCell, 0);
  core::SilentObserver observer;
  segment_slide({folder_ / "slide.tif", folder_ / "result", {}}, network, {.tissue = "none", .ome = true, .probabilities = true}, kIdentity,
                {observer, kNever});
  for (const char* name : {"result.ome.tif", "result.probabilities.ome.tif"})
    EXPECT_TRUE(nlohmann::json::parse(image::LabelReader::open(folder_ / name)->description())["mpp"].is_null()) << name;
  EXPECT_FALSE(image::PyramidFile::open(folder_ / "result.ome.tif")->info().mpp_x);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
