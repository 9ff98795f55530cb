#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tiffio.h>

#include <fstream>

#include "image/file_size_limit.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"

namespace wsi_lpd::image {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;

const std::vector<core::Colour> kPalette{{255, 255, 255}, {200, 0, 0}, {0, 200, 0}, {0, 0, 200}};

core::Image pattern(std::int64_t width, std::int64_t height) {
  core::Image labels(width, height, 1);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) *labels.at(x, y) = static_cast<std::uint8_t>((x / 3 + y / 5 + x * y % 2) % 4);
  }
  return labels;
}

template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const core::Error& error) {
    return error.what();
  }
  return {};
}

/// A TIFF in strips, as other programs write label rasters.
void write_strips(const std::filesystem::path& path, const core::Image& labels, std::uint16_t compression, std::uint32_t rows,
                  int bits = 8) {
  TIFF* tiff = TIFFOpen(path.c_str(), "w");
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(labels.width()));
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(labels.height()));
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, bits);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, compression);
  TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, rows);
  std::vector<std::uint8_t> row(static_cast<std::size_t>(labels.width() * 2));
  for (std::int64_t y = 0; y < labels.height(); ++y) {
    std::copy_n(labels.at(0, y), labels.width(), row.data());
    TIFFWriteScanline(tiff, row.data(), static_cast<std::uint32_t>(y));
  }
  TIFFClose(tiff);
}

TEST(Labels, IndexedPngKeepsItsValues) {
  const TemporaryFolder folder;
  const core::Image labels = pattern(53, 31);
  write_labels_png(folder / "labels.png", labels, kPalette);
  EXPECT_TRUE(read_labels(folder / "labels.png") == labels);
  EXPECT_EQ(LabelReader::open(folder / "labels.png")->description(), "");
}

TEST(Labels, PngGrowsRowByRow) {
  const TemporaryFolder folder;
  const core::Image labels = pattern(53, 31);
  LabelPngWriter writer(folder / "labels.png", {53, 31}, kPalette);
  for (std::int64_t y = 0; y < 31; y += 7) writer.add_rows(labels.at(0, y), std::min<std::int64_t>(7, 31 - y));
  EXPECT_FALSE(std::filesystem::exists(folder / "labels.png"));
  EXPECT_THAT(error_of([&] { writer.add_rows(labels.data(), 1); }), HasSubstr("more rows"));
  writer.finish();
  EXPECT_TRUE(read_labels(folder / "labels.png") == labels);
}

TEST(Labels, PngIsWholeOrAbsent) {
  const TemporaryFolder folder;
  const core::Image labels = pattern(53, 31);
  EXPECT_THAT(error_of([&] {
                LabelPngWriter writer(folder / "labels.png", {53, 31}, kPalette);
                writer.add_rows(labels.data(), 30);
                writer.finish();
              }),
              HasSubstr("only 30 of 31 rows"));
  EXPECT_THAT(error_of([&] { write_labels_png(folder / "labels.png", core::Image(3, 3, 1, 4), kPalette); }),
              HasSubstr("label 4 has no colour"));
  EXPECT_THAT(error_of([&] { write_labels_png(folder / "no" / "labels.png", labels, kPalette); }), HasSubstr("No such file"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Labels, PngSaysThatTheDiskIsFull) {
  const TemporaryFolder folder;
  const core::Image labels = pattern(400, 400);
  write_labels_png(folder / "labels.png", labels, kPalette);
  const auto whole = std::filesystem::file_size(folder / "labels.png");
  std::filesystem::remove(folder / "labels.png");
  for (const auto bytes : std::vector<std::uintmax_t>{0, whole / 2, whole - 1}) {
    const testing::FileSizeLimit limit(bytes);
    EXPECT_EQ(error_of([&] { write_labels_png(folder / "labels.png", labels, kPalette); }),
              "writing " + (folder / "labels.png").string() + ": File too large");
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
}

TEST(Labels, TiffInStripsKeepsItsValues) {
  const TemporaryFolder folder;
  const core::Image labels = pattern(53, 31);
  for (const std::uint16_t compression : {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_PACKBITS}) {
    for (const std::uint32_t rows : {1u, 8u, 31u}) {
      write_strips(folder / "labels.tif", labels, compression, rows);
      EXPECT_TRUE(read_labels(folder / "labels.tif") == labels) << compression << ' ' << rows;
    }
  }
}

TEST(Labels, EveryCutOfAFileIsAnError) {
  const TemporaryFolder folder;
  const core::Image labels = pattern(300, 300);
  write_labels_png(folder / "whole.png", labels, kPalette);
  write_strips(folder / "whole.tif", labels, COMPRESSION_LZW, 16);
  for (const std::string suffix : {".png", ".tif"}) {
    const std::string bytes = core::read_text_file(folder / ("whole" + suffix));
    const std::filesystem::path cut = folder / ("cut" + suffix);
    for (const double share : {0.0, 0.01, 0.05, 0.5, 0.9, 0.995}) {
      std::ofstream(cut, std::ios::binary) << bytes.substr(0, static_cast<std::size_t>(share * static_cast<double>(bytes.size())));
      EXPECT_EQ(error_of([&] { read_labels(cut); }).find("reading " + cut.string() + ": "), 0u) << cut << ' ' << share;
    }
  }
}

TEST(Labels, KnowTheirPalettes) {
  const TemporaryFolder folder;
  write_labels_png(folder / "labels.png", pattern(5, 5), kPalette);
  const auto colours = LabelReader::open(folder / "labels.png")->palette();
  ASSERT_GE(colours.size(), kPalette.size());
  for (std::size_t i = 0; i < kPalette.size(); ++i) EXPECT_EQ(colours[i], (PaletteEntry{kPalette[i]})) << i;
  write_png(folder / "grey.png", pattern(5, 5));
  EXPECT_TRUE(LabelReader::open(folder / "grey.png")->palette().empty());
  write_strips(folder / "grey.tif", pattern(5, 5), COMPRESSION_NONE, 8);
  EXPECT_TRUE(LabelReader::open(folder / "grey.tif")->palette().empty());
}

TEST(Labels, NumberTheColoursOfAnRgbPng) {
  const TemporaryFolder folder;
  const core::Image labels = pattern(53, 31);
  core::Image rgb(53, 31, 3);
  for (std::size_t i = 0; i < labels.bytes(); ++i) {
    const core::Colour& colour = kPalette[labels.data()[i]];
    std::copy_n(&colour.red, 3, rgb.data() + 3 * i);
  }
  write_png(folder / "rgb.png", rgb);
  const auto reader = LabelReader::open(folder / "rgb.png", 0, RgbLabels::Numbered);
  EXPECT_TRUE(reader->is_rgb());
  const core::Image numbers = read_labels(*reader);
  ASSERT_EQ(reader->palette().size(), 4U);
  for (std::size_t i = 0; i < labels.bytes(); ++i)
    ASSERT_EQ(reader->palette()[numbers.data()[i]], (PaletteEntry{kPalette[labels.data()[i]]}));
  EXPECT_EQ(numbers.data()[0], 0) << "in the order in which they come";
  write_labels_png(folder / "labels.png", labels, kPalette);
  EXPECT_FALSE(LabelReader::open(folder / "labels.png", 0, RgbLabels::Numbered)->is_rgb());

  for (std::size_t i = 0; i < rgb.bytes(); ++i) rgb.data()[i] = static_cast<std::uint8_t>(i / 3 * 7 + i % 3 * i / 9);
  write_png(folder / "picture.png", rgb);
  const auto picture = LabelReader::open(folder / "picture.png", 0, RgbLabels::Numbered);
  EXPECT_THAT(error_of([&] { read_labels(*picture); }), HasSubstr("picture.png: has more than 256 colours"));
}

TEST(Labels, RefusesWhatIsNoLabelImage) {
  const TemporaryFolder folder;
  write_png(folder / "rgb.png", core::Image(4, 4, 3));
  EXPECT_THAT(error_of([&] { read_labels(folder / "rgb.png"); }), HasSubstr("indexed or an 8-bit grey PNG"));
  write_strips(folder / "deep.tif", pattern(8, 8), COMPRESSION_NONE, 8, 16);
  EXPECT_THAT(error_of([&] { read_labels(folder / "deep.tif"); }), HasSubstr("one 8-bit sample"));
  write_jpeg(folder / "labels.jpg", core::Image(4, 4, 3));
  EXPECT_THAT(error_of([&] { read_labels(folder / "labels.jpg"); }), HasSubstr("is a JPEG"));
  EXPECT_THAT(error_of([&] { read_labels(folder.path()); }), HasSubstr("is a folder"));
  EXPECT_THAT(error_of([&] { read_labels(folder / "absent.png"); }), HasSubstr("No such file"));
}

TEST(Labels, ReadsNoFurtherThanTheLastRow) {
  const TemporaryFolder folder;
  write_labels_png(folder / "labels.png", core::Image(4, 2, 1), kPalette);
  const auto reader = LabelReader::open(folder / "labels.png");
  std::uint8_t row[4];
  reader->next_row(row);
  reader->next_row(row);
  EXPECT_THAT(error_of([&] { reader->next_row(row); }), HasSubstr("no more rows"));
}

}  // namespace
}  // namespace wsi_lpd::image
