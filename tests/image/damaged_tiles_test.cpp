#include <atomic>
#include <thread>

#include "image/pyramid_picture.hpp"

namespace wsi_lpd::image {
namespace {

class DamagedTiles : public PyramidFileTest {
 protected:
  static constexpr std::int64_t kColumns = 5, kTiles = 20;  // of 64 pixels in 301 x 207

  /// Of each tile: 0 read right, 1 read wrong, 2 an error.
  static int state(const PyramidFile& file, std::int64_t tile) {
    const core::Rect region = core::intersection({tile % kColumns * 64, tile / kColumns * 64, 64, 64}, {0, 0, kSize.width, kSize.height});
    core::Image pixels(region.width, region.height, 3);
    try {
      file.read(0, region, pixels.view());
    } catch (const core::Error&) {
      return 2;
    }
    for (std::int64_t y = 0; y < region.height; ++y) {
      for (std::int64_t x = 0; x < region.width; ++x) {
        const auto wanted = as_rgb(region.x + x, region.y + y);
        for (int c = 0; c < 3; ++c) {
          if (std::abs(pixels.at(x, y)[c] - wanted[static_cast<std::size_t>(c)]) > 24) return 1;
        }
      }
    }
    return 0;
  }
};

TEST_F(DamagedTiles, AloneCannotBeReadByAnyThreadAtAnyTime) {
  TestPage jpeg = page_of(3), jpeg2000_page = page_of(3);
  jpeg.compression = COMPRESSION_JPEG;
  jpeg.photometric = PHOTOMETRIC_YCBCR;
  jpeg2000_page.compression = 33005;
  jpeg2000_page.encode = jpeg2000;
  for (const TestPage& page : {page_of(3), jpeg, jpeg2000_page}) {
    const std::filesystem::path path = folder_ / ("c" + std::to_string(page.compression) + ".tif");
    write_tiff(path, {page});
    testing::damage_tile(path, 7);
    const auto file = PyramidFile::open(path);
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::int64_t i = 0; i < 4 * kTiles; ++i) {
          const std::int64_t tile = (i * (2 * t + 1) + t * 3) % kTiles;
          wrong += state(*file, tile) != (tile == 7 ? 2 : 0);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0) << page.compression;
  }
}

TEST_F(DamagedTiles, OfJpeg2000WithOtherSamplesOrASizeOfTheirOwnAreErrors) {
  const auto picture = [](int side, int bands, VipsBandFormat format) {
    return vips::VImage::black(side, side, vips::VImage::option()->set("bands", bands)).cast(format);
  };
  for (const vips::VImage& tile : {picture(64, 3, VIPS_FORMAT_USHORT), picture(64, 1, VIPS_FORMAT_UCHAR), picture(64, 4, VIPS_FORMAT_UCHAR),
                                   picture(1000, 3, VIPS_FORMAT_UCHAR)}) {
    TestPage page = page_of(3);
    page.compression = 33005;
    page.encode = [&](const auto&) { return jpeg2000_of(tile); };
    write_tiff(folder_ / "a.tif", {page});
    EXPECT_EQ(state(*PyramidFile::open(folder_ / "a.tif"), 3), 2) << tile.width() << " " << tile.bands() << " " << tile.format();
  }
}

TEST_F(DamagedTiles, AFileThatIsReplacedOrTruncatedMeanwhileIsAnError) {
  write_tiff(folder_ / "a.tif", {page_of(3)});
  auto file = PyramidFile::open(folder_ / "a.tif");
  TestPage other = page_of(3);
  std::ranges::reverse(other.bytes);
  write_tiff(folder_ / "b.tif", {other});
  std::filesystem::rename(folder_ / "b.tif", folder_ / "a.tif");
  EXPECT_EQ(state(*file, 3), 2);
  write_tiff(folder_ / "a.tif", {page_of(3)});
  file = PyramidFile::open(folder_ / "a.tif");
  EXPECT_EQ(state(*file, 0), 0);
  std::filesystem::resize_file(folder_ / "a.tif", 2000);
  for (std::int64_t tile = 0; tile < kTiles; ++tile) EXPECT_NE(state(*file, tile), 1) << tile;
  EXPECT_EQ(state(*file, kTiles - 1), 2);
}

}  // namespace
}  // namespace wsi_lpd::image
