#include "wsi_lpd/image/raster_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tiffio.h>

#include <algorithm>
#include <random>
#include <set>

#include "image/file_size_limit.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/image/pyramid_file.hpp"

namespace wsi_lpd::image {
namespace {

using testing::FileSizeLimit;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

const std::vector<core::Colour> kPalette{{255, 255, 255}, {200, 0, 0}, {0, 200, 0}, {0, 0, 200}, {120, 60, 30}};

PyramidOptions label_options() {
  PyramidOptions options;
  options.reduction = PyramidOptions::Reduction::Mode;
  options.palette = kPalette;
  return options;
}

core::Image random_image(std::int64_t width, std::int64_t height, int channels, int values, unsigned seed) {
  core::Image image(width, height, channels);
  std::mt19937 random(seed);
  for (std::size_t i = 0; i < image.bytes(); ++i) image.data()[i] = static_cast<std::uint8_t>(random() % static_cast<unsigned>(values));
  return image;
}

void write(const std::filesystem::path& path, const core::Image& image, const PyramidOptions& options) {
  RasterWriter writer(path, {image.width(), image.height()}, image.channels(), options);
  for (std::int64_t y = 0; y < image.height(); y += 100) writer.add_rows(image.at(0, y), std::min<std::int64_t>(100, image.height() - y));
  writer.finish();
}

/// Every page as libtiff decodes it, with what must hold for each of them.
std::vector<core::Image> read_pages(const std::filesystem::path& path, int tile, bool palette, bool ome = false) {
  std::vector<core::Image> pages;
  TIFF* tiff = TIFFOpen(path.c_str(), "r");
  EXPECT_TRUE(TIFFIsBigTIFF(tiff));
  do {
    std::uint32_t width = 0, height = 0, tile_width = 0, tile_height = 0, type = 0;
    std::uint16_t channels = 0, photometric = 0;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &tile_width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &tile_height);
    TIFFGetField(tiff, TIFFTAG_SAMPLESPERPIXEL, &channels);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SUBFILETYPE, &type);
    EXPECT_EQ(tile_width, width < 16 ? 16 : std::min(width / 16 * 16, static_cast<std::uint32_t>(tile)));
    EXPECT_EQ(tile_height, height < 16 ? 16 : std::min(height / 16 * 16, static_cast<std::uint32_t>(tile)));
    EXPECT_EQ(type, pages.empty() || ome ? 0u : static_cast<unsigned>(FILETYPE_REDUCEDIMAGE));
    EXPECT_EQ(photometric == PHOTOMETRIC_PALETTE, palette);
    core::Image page(width, height, channels);
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(TIFFTileSize(tiff)));
    for (std::uint32_t y = 0; y < height; y += tile_height) {
      for (std::uint32_t x = 0; x < width; x += tile_width) {
        EXPECT_GT(TIFFReadTile(tiff, pixels.data(), x, y, 0, 0), 0);
        for (std::uint32_t row = y; row < std::min(y + tile_height, height); ++row) {
          std::copy_n(pixels.data() + (row - y) * tile_width * channels, std::min(tile_width, width - x) * channels, page.at(x, row));
        }
      }
    }
    pages.push_back(std::move(page));
  } while (TIFFReadDirectory(tiff));
  TIFFClose(tiff);
  return pages;
}

/// docs/outputs.md: the value that most of the 2 × 2 pixels have, of equally frequent ones the first in reading order; at an odd edge a
/// pixel stands for its missing neighbour.
std::uint8_t mode_at(const core::Image& above, std::int64_t x, std::int64_t y) {
  std::vector<std::uint8_t> pixels;
  for (const std::int64_t row : {2 * y, std::min(2 * y + 1, above.height() - 1)}) {
    for (const std::int64_t column : {2 * x, std::min(2 * x + 1, above.width() - 1)}) pixels.push_back(*above.at(column, row));
  }
  const auto votes = [&](std::uint8_t value) { return std::count(pixels.begin(), pixels.end(), value); };
  return *std::max_element(pixels.begin(), pixels.end(), [&](std::uint8_t a, std::uint8_t b) { return votes(a) < votes(b); });
}

void expect_levels_follow_the_rule(const std::vector<core::Image>& pages, int tile) {
  for (std::size_t level = 1; level < pages.size(); ++level) {
    const core::Image& above = pages[level - 1];
    const core::Image& page = pages[level];
    EXPECT_GT(std::max(above.width(), above.height()), tile);
    ASSERT_EQ(page.width(), (above.width() + 1) / 2);
    ASSERT_EQ(page.height(), (above.height() + 1) / 2);
    std::int64_t wrong = 0;
    for (std::int64_t y = 0; y < page.height(); ++y) {
      for (std::int64_t x = 0; x < page.width(); ++x) wrong += *page.at(x, y) != mode_at(above, x, y);
    }
    EXPECT_EQ(wrong, 0) << "level " << level;
  }
  EXPECT_LE(std::max(pages.back().width(), pages.back().height()), tile);
}

TEST(RasterWriter, EveryLevelOfALabelPyramidFollowsTheRule) {
  const TemporaryFolder folder;
  std::mt19937 random(7);
  std::uniform_int_distribution<std::int64_t> side(1, 900);
  std::vector<core::Size> sizes{{1, 1}, {1, 700}, {700, 1}, {2, 2000}, {513, 511}, {512, 512}, {2049, 1025}};
  for (int i = 0; i < 12; ++i) sizes.push_back({side(random), side(random)});
  for (const core::Size& size : sizes) {
    SCOPED_TRACE(std::to_string(size.width) + " x " + std::to_string(size.height));
    PyramidOptions options = label_options();
    options.tile = size.width > 900 || size.height > 900 ? 512 : 64;
    options.compression = size.width % 2 ? PyramidOptions::Compression::Deflate : PyramidOptions::Compression::Zstd;
    core::Image labels = random_image(size.width, size.height, 1, 5, static_cast<unsigned>(size.width));
    for (const bool sparse : {false, true}) {
      if (sparse) {  // most tiles are blank, as on a slide
        for (std::int64_t y = 0; y < size.height; ++y)
          for (std::int64_t x = 0; x < size.width; ++x)
            if (x % 300 < 210 || y % 400 < 390) *labels.at(x, y) = 0;
      }
      write(folder / "labels.tif", labels, options);
      const std::vector<core::Image> pages = read_pages(folder / "labels.tif", options.tile, true);
      EXPECT_TRUE(pages[0] == labels);
      expect_levels_follow_the_rule(pages, options.tile);
      EXPECT_TRUE(read_labels(folder / "labels.tif") == labels);
    }
  }
}

TEST(RasterWriter, AveragesRgb) {
  const TemporaryFolder folder;
  const core::Image rgb = random_image(301, 203, 3, 256, 3);
  PyramidOptions options;
  options.tile = 128;
  write(folder / "rgb.tif", rgb, options);
  const std::vector<core::Image> pages = read_pages(folder / "rgb.tif", 128, false);
  ASSERT_EQ(pages.size(), 3u);
  EXPECT_TRUE(pages[0] == rgb);
  for (std::int64_t i = 0; i < 101 * 150; ++i) {
    const std::int64_t x = i % 150, y = i / 150;
    const double mean =
        (rgb.at(2 * x, 2 * y)[1] + rgb.at(2 * x + 1, 2 * y)[1] + rgb.at(2 * x, 2 * y + 1)[1] + rgb.at(2 * x + 1, 2 * y + 1)[1]) / 4.0;
    ASSERT_NEAR(pages[1].at(x, y)[1], mean, 0.5) << x << ' ' << y;
  }
}

TEST(RasterWriter, WritesScaleAndDescription) {
  const TemporaryFolder folder;
  PyramidOptions options = label_options();
  options.mpp = 0.4992;
  options.description = "{\"frame\": 1}";
  write(folder / "labels.tif", random_image(600, 40, 1, 5, 1), options);
  TIFF* tiff = TIFFOpen((folder / "labels.tif").c_str(), "r");
  float x = 0, y = 0;
  std::uint16_t unit = 0;
  TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &x);
  TIFFGetField(tiff, TIFFTAG_YRESOLUTION, &y);
  TIFFGetField(tiff, TIFFTAG_RESOLUTIONUNIT, &unit);
  TIFFClose(tiff);
  EXPECT_EQ(unit, RESUNIT_CENTIMETER);
  EXPECT_NEAR(10000 / x, 0.4992, 1e-6);
  EXPECT_NEAR(10000 / y, 0.4992, 1e-6);
  EXPECT_EQ(LabelReader::open(folder / "labels.tif")->description(), options.description);
}

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path().filename());
  return names;
}

TEST(RasterWriter, WritesOmeTiffThatWeReadBack) {
  const TemporaryFolder folder;
  PyramidOptions options = label_options();
  options.tile = 64;
  options.mpp = 0.4992;
  options.description = "{\"a\": \"<b> & 'c' ]]> 肿瘤\", \"d\": 1}";
  for (const core::Size& size : {core::Size{301, 203}, core::Size{40, 30}, core::Size{1, 200}}) {
    SCOPED_TRACE(std::to_string(size.width) + " x " + std::to_string(size.height));
    const core::Image labels = random_image(size.width, size.height, 1, 5, 2);
    options.ome.reset();
    write(folder / "plain.tif", labels, options);
    options.ome = {.name = "a \"slide\" of <ours>", .channels = {{"classes"}}, .notes = {{"1", "x & y"}}};
    write(folder / "labels.ome.tif", labels, options);
    EXPECT_EQ(names_in(folder.path()), (std::set<std::string>{"plain.tif", "labels.ome.tif"}));
    const auto levels = static_cast<int>(pyramid_sizes(size, 64).size());
    for (int level = 0; level < levels; ++level) {
      const auto plain = LabelReader::open(folder / "plain.tif", level), ome = LabelReader::open(folder / "labels.ome.tif", level);
      ASSERT_EQ(plain->size(), ome->size());
      std::vector<std::uint8_t> a(static_cast<std::size_t>(plain->size().width)), b = a;
      for (std::int64_t y = 0; y < plain->size().height; ++y) {
        plain->next_row(a.data());
        ome->next_row(b.data());
        ASSERT_EQ(a, b) << "level " << level << ", row " << y;
      }
    }
    EXPECT_EQ(LabelReader::open(folder / "labels.ome.tif")->description(), options.description);

    const auto file = PyramidFile::open(folder / "labels.ome.tif");
    EXPECT_EQ(file->info().format, "ome-tiff");
    EXPECT_EQ(file->info().levels, pyramid_sizes(size, 64));
    EXPECT_EQ(file->info().mpp_source, "ome");
    EXPECT_EQ(file->info().mpp_x, 0.4992);
    EXPECT_EQ(file->info().mpp_y, 0.4992);
    core::Image pixel(1, 1, 3);
    file->read(0, {size.width - 1, size.height - 1, 1, 1}, pixel.view());
    const core::Colour expected = kPalette[*labels.at(size.width - 1, size.height - 1)];
    EXPECT_EQ((core::Colour{pixel.data()[0], pixel.data()[1], pixel.data()[2]}), expected);
    const auto kind = image_kind(folder / "labels.ome.tif");
    EXPECT_TRUE(kind && !kind->colour) << "a batch must not take it for a slide";
  }
}

TEST(RasterWriter, KeepsTextThatIsNotUtf8OutOfOmeXml) {
  const TemporaryFolder folder;
  PyramidOptions options = label_options();
  options.description = std::string(
                            "a\x01"
                            "b\xff") +
                        "c\tmu \u00b5";
  options.ome = {.name = "\xfe", .channels = {{"\x02"}}, .notes = {}};
  write(folder / "labels.tif", random_image(20, 20, 1, 5, 1), options);
  EXPECT_EQ(LabelReader::open(folder / "labels.tif")->description(), "a\ufffdb\ufffdc\tmu \u00b5");
}

/// Planes of an OME-TIFF by their page: libtiff counts those that are no SubIFDs.
TEST(RasterWriter, WritesAPageForEachPlane) {
  const TemporaryFolder folder;
  PyramidOptions options;
  options.tile = 32;
  options.ome = {.name = "planes", .channels = {{"one", core::Colour{1, 2, 3}}, {"two"}, {"three"}}, .notes = {}};
  const core::Size size{101, 67};
  std::vector<core::Image> planes;
  for (unsigned plane = 0; plane < 3; ++plane) planes.push_back(random_image(size.width, size.height, 1, 256, plane));
  {
    RasterWriter writer(folder / "planes.tif", size, 1, options);
    EXPECT_EQ(names_in(folder.path()).size(), 3U * 3U);
    for (std::int64_t y = 0; y < size.height; ++y) {
      std::vector<std::uint8_t> row;
      for (const core::Image& plane : planes) row.insert(row.end(), plane.at(0, y), plane.at(0, y) + size.width);
      writer.add_rows(row.data(), 1);
    }
    writer.finish();
  }
  EXPECT_EQ(names_in(folder.path()), std::set<std::string>{"planes.tif"});
  const std::vector<core::Image> pages = read_pages(folder / "planes.tif", 32, false, /*ome=*/true);
  EXPECT_TRUE(pages == planes);
  TIFF* tiff = TIFFOpen((folder / "planes.tif").c_str(), "r");
  for (unsigned plane = 0; plane < 3; ++plane) {
    TIFFSetDirectory(tiff, static_cast<tdir_t>(plane));
    std::uint16_t count = 0;
    std::uint64_t* offsets = nullptr;
    ASSERT_TRUE(TIFFGetField(tiff, TIFFTAG_SUBIFD, &count, &offsets));
    ASSERT_EQ(count, 2);
    ASSERT_TRUE(TIFFSetSubDirectory(tiff, offsets[0]));
    std::vector<std::uint8_t> tile(static_cast<std::size_t>(TIFFTileSize(tiff)));
    ASSERT_GT(TIFFReadTile(tiff, tile.data(), 0, 0, 0, 0), 0);
    const auto at = [&](int x, int y) { return *planes[plane].at(x, y); };
    for (int y = 0; y < 32; ++y) {
      for (int x = 0; x < 32; ++x) {
        const int sum = at(2 * x, 2 * y) + at(2 * x + 1, 2 * y) + at(2 * x, 2 * y + 1) + at(2 * x + 1, 2 * y + 1);
        ASSERT_EQ(tile[static_cast<std::size_t>(y * 32 + x)], (sum + 2) / 4) << plane << ": " << x << ' ' << y;
      }
    }
  }
  TIFFClose(tiff);
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

TEST(RasterWriter, LeavesNothingWhenItIsNotFinished) {
  const TemporaryFolder folder;
  const core::Image labels = random_image(100, 100, 1, 5, 1);
  {
    PyramidOptions options = label_options();
    options.tile = 64;
    RasterWriter writer(folder / "labels.tif", {100, 100}, 1, options);
    writer.add_rows(labels.data(), 60);
    EXPECT_EQ(writer.rows_written(), 60);
    EXPECT_EQ(names_in(folder.path()).size(), 2U) << "a part for each level";
    for (const std::string& name : names_in(folder.path())) EXPECT_TRUE(core::is_part_of(folder / name, folder / "labels.tif")) << name;
    EXPECT_THAT(error_of([&] { writer.finish(); }), HasSubstr("only 60 of 100 rows"));
    EXPECT_THAT(error_of([&] { writer.add_rows(labels.data(), 41); }), HasSubstr("more rows"));
  }
  EXPECT_TRUE(names_in(folder.path()).empty());
}

TEST(RasterWriter, SaysThatTheDiskIsFull) {
  const TemporaryFolder folder;
  const core::Image noise = random_image(700, 700, 1, 5, 1);
  write(folder / "labels.tif", noise, label_options());
  const auto whole = std::filesystem::file_size(folder / "labels.tif");
  std::filesystem::remove(folder / "labels.tif");
  // at the header, the first tile, a lower level, the lower levels' way into the file, the last directory
  for (const auto bytes : std::vector<std::uintmax_t>{0, 1000, whole / 10, whole / 2, whole * 9 / 10, whole - 100, whole - 1}) {
    std::string error;
    {
      const FileSizeLimit limit(bytes);
      error = error_of([&] { write(folder / "labels.tif", noise, label_options()); });
    }
    EXPECT_EQ(error, "writing " + (folder / "labels.tif").string() + ": File too large") << bytes << " of " << whole;
    EXPECT_TRUE(names_in(folder.path()).empty());
  }
  const FileSizeLimit limit(whole);
  write(folder / "labels.tif", noise, label_options());
}

TEST(RasterWriter, RefusesWhatItCannotWrite) {
  const TemporaryFolder folder;
  PyramidOptions jpeg = label_options();
  jpeg.compression = PyramidOptions::Compression::Jpeg;
  EXPECT_THAT(error_of([&] { RasterWriter(folder / "a.tif", {10, 10}, 1, jpeg); }), HasSubstr("JPEG"));
  EXPECT_THAT(error_of([&] { RasterWriter(folder / "a.tif", {0, 10}, 1, label_options()); }), HasSubstr("0 x 10"));
  EXPECT_THAT(error_of([&] { RasterWriter(folder / "a.tif", {10, 10}, 3, label_options()); }), HasSubstr("colour map"));
  PyramidOptions ome;
  ome.ome.emplace();
  EXPECT_THAT(error_of([&] { RasterWriter(folder / "a.tif", {10, 10}, 1, ome); }), HasSubstr("OME-TIFF"));
  jpeg.tile = 100;
  EXPECT_THAT(error_of([&] { RasterWriter(folder / "a.tif", {10, 10}, 1, jpeg); }), HasSubstr("multiple of 16"));
  EXPECT_THAT(error_of([&] {
                RasterWriter(folder / "no" / "a.tif", {10, 10}, 1, label_options());
              }),
              HasSubstr((folder / "no" / "a.tif").string() + ": No such file or directory"));
}

}  // namespace
}  // namespace wsi_lpd::image
