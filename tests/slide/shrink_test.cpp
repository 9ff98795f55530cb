// Level choice and area average, held against libvips' own shrink of the same region of level 0.
#include <gtest/gtest.h>
#include <vips/vips.h>

#include <cmath>
#include <cstdlib>
#include <memory>

#include "test_data.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/raster_writer.hpp"
#include "wsi_lpd/slide/reader.hpp"
#include "wsi_lpd/synth/tissue_painter.hpp"

namespace wsi_lpd::slide {
namespace {

struct Unref {
  void operator()(VipsImage* image) const { g_object_unref(image); }
};
using Vips = std::unique_ptr<VipsImage, Unref>;

Image shrunk_by_vips(const Image& picture, double factor) {
  image::initialise();
  const Vips in(vips_image_new_from_memory(picture.data(), picture.bytes(), static_cast<int>(picture.width()),
                                           static_cast<int>(picture.height()), 3, VIPS_FORMAT_UCHAR));
  VipsImage* out = nullptr;
  EXPECT_EQ(vips_shrink(in.get(), &out, factor, factor, nullptr), 0) << vips_error_buffer();
  const Vips small(out);
  std::size_t bytes = 0;
  const std::unique_ptr<void, decltype(&g_free)> pixels(vips_image_write_to_memory(small.get(), &bytes), &g_free);
  Image result(small->Xsize, small->Ysize, 3);
  EXPECT_EQ(bytes, result.bytes());
  std::copy_n(static_cast<const std::uint8_t*>(pixels.get()), bytes, result.data());
  return result;
}

/// Mean difference in grey levels; the edges are left out: libvips repeats the region's last pixels, a slide goes on there.
double difference(const Reader& reader, const Rect& region, double factor) {
  Image pixels(region.width, region.height, 3);
  reader.read(0, region, pixels.view());
  const Image expected = shrunk_by_vips(pixels, factor);
  Frame frame;
  frame.bounds = region;
  frame.scale = factor;
  frame.size = {expected.width(), expected.height()};
  Image result(expected.width(), expected.height(), 3);
  FrameReader(reader, frame).read({0, 0, result.width(), result.height()}, result.view());
  constexpr std::int64_t kEdge = 3;
  double sum = 0;
  std::int64_t count = 0;
  for (std::int64_t y = kEdge; y < result.height() - kEdge; ++y) {
    for (std::int64_t x = kEdge; x < result.width() - kEdge; ++x) {
      for (int c = 0; c < 3; ++c, ++count) sum += std::abs(result.at(x, y)[c] - expected.at(x, y)[c]);
    }
  }
  return sum / static_cast<double>(count);
}

TEST(Shrink, IsLibvipsOwn) {
  const testing::TemporaryFolder folder;
  const Size size{1203, 907};
  Image picture(size.width, size.height, 3), truth(size.width, size.height, 1);
  synth::TissuePainter(size, {.seed = 4}).paint({0, 0, size.width, size.height}, picture.view(), truth.view());
  image::RasterWriter writer(folder / "slide.tif", size, 3, {.tile = 128, .mpp = 0.5});
  writer.add_rows(picture.data(), size.height);
  writer.finish();
  const auto reader = open(folder / "slide.tif");
  ASSERT_GE(reader->properties().levels.size(), 3U);
  for (const double factor : {1.0, 1.3, 2.0, 2.6, 3.0, 4.0}) EXPECT_LE(difference(*reader, {80, 48, 1000, 800}, factor), 1) << factor;
}

TEST(Shrink, IsLibvipsOwnOnRealSlides) {
  WSI_LPD_NEEDS_DATA(data, "data");
  for (const char* name : {"CMU-1-Small-Region.svs", "oral-scc.tif", "tcga-cr-7395-01a-01-ts1.svs"}) {
    const auto path = data / "slides" / name;
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << name << " here";
    const auto reader = open(path);
    const Size size = reader->properties().levels.front().size;
    const Rect region{size.width / 2 - 500, size.height / 2 - 500, 1200, 1200};
    for (const double factor : {1.3, 2.0, 2.6, 3.0, 4.0}) EXPECT_LE(difference(*reader, region, factor), 1) << name << " by " << factor;
  }
}

}  // namespace
}  // namespace wsi_lpd::slide
