#pragma once
// A picture whose pixels tell their position, in TIFFs of many kinds, and what a reader should show of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vips/vips8>

#include "image/test_tiff.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/image/library.hpp"
#include "wsi_lpd/image/pyramid_file.hpp"

namespace wsi_lpd::image {

using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::TestPage;
using testing::write_tiff;

inline constexpr core::Size kSize{301, 207};

/// Samples of a smooth picture; channel c of pixel (x, y).
inline int sample(std::int64_t x, std::int64_t y, int c) {
  return static_cast<int>(c == 0 ? x * 255 / kSize.width : c == 1 ? y * 255 / kSize.height : c == 2 ? (x + y) / 4 : 40 + x / 2 % 200);
}

inline core::Image rgb_picture(int channels = 3) {
  core::Image picture(kSize.width, kSize.height, channels);
  for (std::int64_t y = 0; y < kSize.height; ++y) {
    for (std::int64_t x = 0; x < kSize.width; ++x) {
      for (int c = 0; c < channels; ++c) picture.at(x, y)[c] = static_cast<std::uint8_t>(sample(x, y, c));
    }
  }
  return picture;
}

/// What a reader should show of pixel (x, y).
using Expected = std::function<std::array<int, 3>(std::int64_t, std::int64_t)>;
inline std::array<int, 3> as_rgb(std::int64_t x, std::int64_t y) { return {sample(x, y, 0), sample(x, y, 1), sample(x, y, 2)}; }
inline std::array<int, 3> as_grey(std::int64_t x, std::int64_t y) { return {sample(x, y, 0), sample(x, y, 0), sample(x, y, 0)}; }
inline std::array<int, 3> over_white(std::int64_t x, std::int64_t y) {
  std::array<int, 3> rgb{};
  for (int c = 0; c < 3; ++c)
    rgb[static_cast<std::size_t>(c)] = static_cast<int>(std::lround(255 - (255 - sample(x, y, c)) * sample(x, y, 3) / 255.0));
  return rgb;
}

inline void expect_shows(const PyramidFile& file, const Expected& expected, int tolerance) {
  ASSERT_EQ(file.info().levels.front(), kSize);
  std::mt19937 random(3);
  std::vector<core::Rect> regions{{0, 0, kSize.width, kSize.height}, {kSize.width - 1, kSize.height - 1, 1, 1}};
  for (int i = 0; i < 12; ++i) {
    const std::int64_t x = random() % kSize.width, y = random() % kSize.height;
    regions.push_back(
        {x, y, 1 + static_cast<std::int64_t>(random() % (kSize.width - x)), 1 + static_cast<std::int64_t>(random() % (kSize.height - y))});
  }
  for (const core::Rect& region : regions) {
    core::Image pixels(region.width, region.height, 3, 99);
    file.read(0, region, pixels.view());
    for (std::int64_t y = 0; y < region.height; ++y) {
      for (std::int64_t x = 0; x < region.width; ++x) {
        const auto wanted = expected(region.x + x, region.y + y);
        for (int c = 0; c < 3; ++c)
          ASSERT_NEAR(pixels.at(x, y)[c], wanted[static_cast<std::size_t>(c)], tolerance)
              << region.x + x << ' ' << region.y + y << ' ' << c;
      }
    }
  }
}

inline TestPage page_of(int channels = 3) {
  const core::Image picture = rgb_picture(channels);
  TestPage page{.size = kSize, .bytes = {picture.data(), picture.data() + picture.bytes()}, .samples = channels};
  if (channels < 3) page.photometric = PHOTOMETRIC_MINISBLACK;
  return page;
}

inline TestPage sixteen_bits(TestPage page) {
  std::vector<std::uint8_t> wide;
  for (const std::uint8_t value : page.bytes) wide.insert(wide.end(), {static_cast<std::uint8_t>(value * 7), value});  // little-endian
  page.bytes = wide;
  page.bits = 16;
  return page;
}

/// Lossless JPEG 2000, as a codestream.
inline std::vector<std::uint8_t> jpeg2000_of(const vips::VImage& image) {
  VipsBlob* blob = image.jp2ksave_buffer(vips::VImage::option()->set("lossless", true)->set("subsample_mode", VIPS_FOREIGN_SUBSAMPLE_OFF));
  std::size_t length = 0;
  const auto* data = static_cast<const std::uint8_t*>(vips_blob_get(blob, &length));
  std::vector<std::uint8_t> bytes(data, data + length);
  vips_area_unref(VIPS_AREA(blob));
  return bytes;
}
inline std::vector<std::uint8_t> jpeg2000(const std::vector<std::uint8_t>& tile) {
  return jpeg2000_of(vips::VImage::new_from_memory(const_cast<std::uint8_t*>(tile.data()), tile.size(), 64, 64, 3, VIPS_FORMAT_UCHAR)
                         .copy(vips::VImage::option()->set("interpretation", VIPS_INTERPRETATION_sRGB)));
}

class PyramidFileTest : public ::testing::Test {
 protected:
  PyramidFileTest() { initialise(); }

  std::string error_on_opening(const std::filesystem::path& path) const {
    try {
      PyramidFile::open(path);
    } catch (const core::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(path.string()));
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << "one line";
      return error.what();
    }
    return "opened";
  }
  std::string error_of(const TestPage& page) const {
    write_tiff(folder_ / "odd.tif", {page});
    return error_on_opening(folder_ / "odd.tif");
  }
  void expect_page_shows(const TestPage& page, const Expected& expected, int tolerance = 0) const {
    write_tiff(folder_ / "page.tif", {page});
    const auto file = PyramidFile::open(folder_ / "page.tif");
    EXPECT_EQ(file->info().note.empty(), page.tile > 0) << file->info().note;
    expect_shows(*file, expected, tolerance);
  }

  TemporaryFolder folder_;
};

}  // namespace wsi_lpd::image
