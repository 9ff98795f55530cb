#pragma once
#include <gtest/gtest.h>
#include <tiffio.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::testing {

/// One page of a TIFF, as odd as a test wants it.
struct TestPage {
  core::Size size{};
  std::vector<std::uint8_t> bytes{};  ///< interleaved samples, rows packed
  int samples = 3, bits = 8;
  int photometric = PHOTOMETRIC_RGB;
  int compression = COMPRESSION_ADOBE_DEFLATE;
  std::uint32_t tile = 64;  ///< 0: strips of 16 rows
  int planes = PLANARCONFIG_CONTIG;
  int sample_format = SAMPLEFORMAT_UINT;
  int extra = -1;  ///< EXTRASAMPLE_…, -1 for none
  bool reduced = false;
  int orientation = 0;                     ///< ORIENTATION_…, 0 for no tag
  int max_sample = 0;                      ///< MaxSampleValue, 0 for no tag
  std::vector<std::uint32_t> unwritten{};  ///< tiles that are left out; of a TIFF in strips, strips
  double mpp_x = 0, mpp_y = 0;             ///< µm/px in the resolution tags
  std::string description{};
  int subifds = 0;  ///< so many of the following pages are this one's
  /// Encodes one tile of interleaved samples where libtiff can't.
  std::function<std::vector<std::uint8_t>(const std::vector<std::uint8_t>&)> encode{};
};

inline void write_page(TIFF* tiff, const TestPage& page) {
  const auto width = static_cast<std::uint32_t>(page.size.width), height = static_cast<std::uint32_t>(page.size.height);
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, width);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, height);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, page.samples);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, page.bits);
  TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, page.sample_format);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, page.planes);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, page.compression);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, page.photometric);
  if (page.compression == COMPRESSION_JPEG && page.photometric == PHOTOMETRIC_YCBCR)
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  if (page.extra >= 0) {
    const auto extra = static_cast<std::uint16_t>(page.extra);
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &extra);
  }
  if (page.photometric == PHOTOMETRIC_PALETTE) {  // value v is shown as (v, 255 - v, 0)
    std::vector<std::uint16_t> red(256), green(256), blue(256);
    for (std::uint16_t v = 0; v < 256; ++v)
      red[v] = static_cast<std::uint16_t>(v * 257), green[v] = static_cast<std::uint16_t>(65535 - v * 257);
    TIFFSetField(tiff, TIFFTAG_COLORMAP, red.data(), green.data(), blue.data());
  }
  if (page.orientation > 0) TIFFSetField(tiff, TIFFTAG_ORIENTATION, page.orientation);
  if (page.max_sample > 0) TIFFSetField(tiff, TIFFTAG_MAXSAMPLEVALUE, page.max_sample);
  if (page.reduced) TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
  if (page.mpp_x > 0) {
    TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_CENTIMETER);
    TIFFSetField(tiff, TIFFTAG_XRESOLUTION, 10000 / page.mpp_x);
    TIFFSetField(tiff, TIFFTAG_YRESOLUTION, 10000 / page.mpp_y);
  }
  if (!page.description.empty()) TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, page.description.c_str());
  if (page.subifds > 0) {
    const std::vector<std::uint64_t> none(static_cast<std::size_t>(page.subifds));
    TIFFSetField(tiff, TIFFTAG_SUBIFD, page.subifds, none.data());
  }
  const std::int64_t sample_bytes = page.bits / 8, pixel_bytes = page.samples * sample_bytes;
  if (page.tile == 0) {
    ASSERT_EQ(page.planes, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 16);
    std::vector<std::uint8_t> row(static_cast<std::size_t>(page.size.width * pixel_bytes));
    for (std::uint32_t y = 0; y < height; ++y) {
      if (std::ranges::find(page.unwritten, y / 16) != page.unwritten.end()) continue;
      std::copy_n(page.bytes.data() + static_cast<std::size_t>(y) * row.size(), row.size(), row.data());
      ASSERT_EQ(TIFFWriteScanline(tiff, row.data(), y, 0), 1);
    }
    return;
  }
  TIFFSetField(tiff, TIFFTAG_TILEWIDTH, page.tile);
  TIFFSetField(tiff, TIFFTAG_TILELENGTH, page.tile);
  const std::int64_t side = page.tile, planes = page.planes == PLANARCONFIG_SEPARATE ? page.samples : 1;
  const std::int64_t step = pixel_bytes / planes;
  std::uint32_t index = 0;
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    for (std::int64_t top = 0; top < page.size.height; top += side) {
      for (std::int64_t left = 0; left < page.size.width; left += side, ++index) {
        if (std::ranges::find(page.unwritten, index) != page.unwritten.end()) continue;
        std::vector<std::uint8_t> tile(static_cast<std::size_t>(side * side * step));
        for (std::int64_t y = 0; y < side; ++y) {  // past the edges the last pixel is repeated
          for (std::int64_t x = 0; x < side; ++x) {
            const std::int64_t row = std::min(top + y, page.size.height - 1), column = std::min(left + x, page.size.width - 1);
            const auto from = (row * page.size.width + column) * pixel_bytes + plane * sample_bytes;
            std::copy_n(page.bytes.data() + from, step, tile.data() + (y * side + x) * step);
          }
        }
        if (page.encode) tile = page.encode(tile);
        const auto bytes = static_cast<tmsize_t>(tile.size());
        ASSERT_EQ(page.encode ? TIFFWriteRawTile(tiff, index, tile.data(), bytes) : TIFFWriteEncodedTile(tiff, index, tile.data(), bytes),
                  bytes);
      }
    }
  }
}

inline void write_tiff(const std::filesystem::path& path, const std::vector<TestPage>& pages) {
  TIFF* tiff = TIFFOpen(path.c_str(), "w8");
  ASSERT_NE(tiff, nullptr);
  for (const TestPage& page : pages) {
    write_page(tiff, page);
    ASSERT_EQ(TIFFWriteDirectory(tiff), 1);
  }
  TIFFClose(tiff);
}

/// Writes zeros over a tile of the first page, where its file has it: no decoder can take that for a tile.
inline void damage_tile(const std::filesystem::path& path, std::uint32_t index) {
  TIFF* tiff = TIFFOpen(path.c_str(), "r");
  ASSERT_NE(tiff, nullptr);
  const std::uint64_t offset = TIFFGetStrileOffset(tiff, index), count = TIFFGetStrileByteCount(tiff, index);
  TIFFClose(tiff);
  FILE* file = std::fopen(path.c_str(), "r+");
  ASSERT_NE(file, nullptr);
  std::fseek(file, static_cast<long>(offset), SEEK_SET);
  const std::vector<char> zeros(count);
  EXPECT_EQ(std::fwrite(zeros.data(), 1, count, file), count);
  std::fclose(file);
}

/// The description of an OME-TIFF; `attributes` go into <Pixels>.
inline std::string ome_xml(core::Size size, const std::string& attributes) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\"><Image ID=\"Image:0\">"
         "<Pixels ID=\"Pixels:0\" DimensionOrder=\"XYCZT\" Type=\"uint8\" SizeX=\"" +
         std::to_string(size.width) + "\" SizeY=\"" + std::to_string(size.height) + "\" " + attributes +
         "><Channel ID=\"Channel:0:0\" SamplesPerPixel=\"3\"/><TiffData IFD=\"0\"/></Pixels></Image></OME>";
}

}  // namespace wsi_lpd::testing
