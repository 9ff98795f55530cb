// Level choice and area average, held against libvips' own shrink of the same region of level 0.
#include <gtest/gtest.h>
#include <vips/vips.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <numeric>

#include "test_data.hpp"
#include "wsi_lpd/image/library.hpp"
#include "wsi_lpd/image/raster_writer.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"
#include "wsi_lpd/synth/tissue_painter.hpp"

namespace wsi_lpd::slide {
namespace {

struct Unref {
  void operator()(VipsImage* image) const { g_object_unref(image); }
};
using Vips = std::unique_ptr<VipsImage, Unref>;

/// A ratio of whole numbers: libvips' shrink averages areas exactly for whole factors only, so pixels are repeated first.
struct Ratio {
  int shrink, repeat;
  double value() const { return static_cast<double>(shrink) / repeat; }
};

core::Image shrunk_by_vips(const core::Image& picture, const Ratio& ratio) {
  image::initialise();
  const Vips in(vips_image_new_from_memory(picture.data(), picture.bytes(), static_cast<int>(picture.width()),
                                           static_cast<int>(picture.height()), 3, VIPS_FORMAT_UCHAR));
  VipsImage* out = nullptr;
  EXPECT_EQ(vips_zoom(in.get(), &out, ratio.repeat, ratio.repeat, nullptr), 0) << vips_error_buffer();
  const Vips repeated(out);
  EXPECT_EQ(vips_shrink(repeated.get(), &out, ratio.shrink, ratio.shrink, nullptr), 0) << vips_error_buffer();
  const Vips small(out);
  std::size_t bytes = 0;
  const std::unique_ptr<void, decltype(&g_free)> pixels(vips_image_write_to_memory(small.get(), &bytes), &g_free);
  core::Image result(small->Xsize, small->Ysize, 3);
  EXPECT_EQ(bytes, result.bytes());
  std::copy_n(static_cast<const std::uint8_t*>(pixels.get()), bytes, result.data());
  return result;
}

core::Image read(const Reader& reader, int level, const core::Rect& region) {
  core::Image pixels(region.width, region.height, 3);
  reader.read(level, region, pixels.view());
  return pixels;
}

double mean(const core::Image& image) {
  return static_cast<double>(std::accumulate(image.data(), image.data() + image.bytes(), std::int64_t{0})) /
         static_cast<double>(image.bytes());
}

/// `region` (level-0, multiples of 4) by FrameReader is libvips' shrink of the level that was chosen, pixel by pixel, and as bright as its
/// shrink of level 0. Not pixel by pixel as that: a scanner sharpens, compresses and places its lower levels as it likes.
void expect_as_by_vips(const Reader& reader, const core::Rect& region, const Ratio& ratio) {
  core::Frame frame;
  frame.bounds = region;
  frame.scale = ratio.value();
  frame.size = {region.width * ratio.repeat / ratio.shrink, region.height * ratio.repeat / ratio.shrink};
  const FrameReader frame_reader(reader, frame);
  core::Image result(frame.size.width, frame.size.height, 3);
  frame_reader.read({0, 0, result.width(), result.height()}, result.view());

  const int factor = static_cast<int>(reader.properties().levels[static_cast<std::size_t>(frame_reader.level())].downsample_x);
  const core::Rect of_level{region.x / factor, region.y / factor, region.width / factor, region.height / factor};
  const core::Image expected = shrunk_by_vips(read(reader, frame_reader.level(), of_level), {ratio.shrink, ratio.repeat * factor});
  ASSERT_EQ(expected.bytes(), result.bytes());
  double sum = 0;
  for (std::size_t i = 0; i < result.bytes(); ++i) sum += std::abs(result.data()[i] - expected.data()[i]);
  EXPECT_LE(sum / static_cast<double>(result.bytes()), 1);
  EXPECT_NEAR(mean(result), mean(shrunk_by_vips(read(reader, 0, region), ratio)), 1);
}

const Ratio kRatios[] = {{1, 1}, {13, 10}, {2, 1}, {13, 5}, {3, 1}, {4, 1}};

TEST(Shrink, IsLibvipsOwn) {
  const testing::TemporaryFolder folder;
  const core::Size size{603, 507};
  core::Image picture(size.width, size.height, 3), truth(size.width, size.height, 1);
  synth::TissuePainter(size, {.seed = 4}).paint({0, 0, size.width, size.height}, picture.view(), truth.view());
  image::PyramidOptions options;
  options.tile = 128;
  image::RasterWriter writer(folder / "slide.tif", size, 3, options);
  writer.add_rows(picture.data(), size.height);
  writer.finish();
  const auto reader = open(folder / "slide.tif");
  ASSERT_GE(reader->properties().levels.size(), 3U);
  for (const Ratio& ratio : kRatios) {
    SCOPED_TRACE(ratio.value());
    expect_as_by_vips(*reader, {80, 48, 312, 312}, ratio);
  }
}

TEST(Shrink, IsLibvipsOwnOnRealSlides) {
  WSI_LPD_NEEDS_DATA(data);
  for (const char* name : {"CMU-1-Small-Region.svs", "oral-scc.tif", "tcga-cr-7395-01a-01-ts1.svs"}) {
    const auto path = data / "slides" / name;
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << name << " here";
    const auto reader = open(path);
    const core::Size size = reader->properties().levels.front().size;
    const core::Rect region{size.width / 2 / 16 * 16, size.height / 2 / 16 * 16, 312, 312};
    for (const Ratio& ratio : kRatios) {
      SCOPED_TRACE(::testing::Message() << name << " by " << ratio.value());
      expect_as_by_vips(*reader, region, ratio);
    }
  }
}

}  // namespace
}  // namespace wsi_lpd::slide
