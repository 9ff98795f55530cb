// Which image of a TIFF is the slide, and what is made of odd ones.
#include <fstream>

#include "image/pyramid_picture.hpp"

#include "wsi_lpd/image/image_file.hpp"

namespace wsi_lpd::image {
namespace {

TestPage plain(core::Size size, int value = 9) {
  return {.size = size, .bytes = std::vector<std::uint8_t>(static_cast<std::size_t>(size.area() * 3), static_cast<std::uint8_t>(value))};
}

class TiffSlide : public PyramidFileTest {
 protected:
  std::unique_ptr<PyramidFile> open(const std::vector<TestPage>& pages) const {
    write_tiff(folder_ / "s.tif", pages);
    return PyramidFile::open(folder_ / "s.tif");
  }
  std::string error_of_pages(const std::vector<TestPage>& pages) const {
    write_tiff(folder_ / "s.tif", pages);
    return error_on_opening(folder_ / "s.tif");
  }
};

TEST_F(TiffSlide, TheLargestImageIsTheSlide) {
  TestPage label = plain({150, 200}), thumbnail = plain({60, 40}), level = plain({150, 103}, 50);
  thumbnail.reduced = level.reduced = true;
  for (const std::uint32_t label_tile : {64U, 0U}) {
    for (const std::uint32_t slide_tile : {64U, 0U}) {
      label.tile = label_tile;
      TestPage slide = page_of(3);
      slide.tile = slide_tile;
      slide.mpp_x = slide.mpp_y = 0.4;
      level.tile = slide_tile;
      const auto file = open({label, slide, level});
      expect_shows(*file, as_rgb, 0);
      EXPECT_THAT(file->info().note,
                  HasSubstr("the slide is its largest image, image 2 (301 x 207 pixels) of 3; left out: image 1 (150 x 200 pixels)"));
      EXPECT_NEAR(file->info().mpp_x.value(), 0.4, 1e-6);
      EXPECT_TRUE(image_kind(folder_ / "s.tif")->only_here);
      if (slide_tile > 0) {
        EXPECT_EQ(file->info().levels, (std::vector<core::Size>{kSize, {150, 103}}));
      }
      expect_shows(*open({thumbnail, slide}), as_rgb, 0);
    }
  }
  EXPECT_EQ(open({page_of(3), plain({60, 80}), thumbnail})->info().note, "") << "labels behind the slide are the rule";
  EXPECT_FALSE(image_kind(folder_ / "s.tif")->only_here);
  EXPECT_THAT(open({page_of(3), label, thumbnail})->info().note, HasSubstr("left out: image 2 (150 x 200 pixels)"))
      << "it may be a section";
  EXPECT_TRUE(image_kind(folder_ / "s.tif")->only_here) << "OpenSlide would not say so";
}

TEST_F(TiffSlide, PyramidsWhosePagesLackTheFlagAreOneSlide) {
  EXPECT_EQ(open({page_of(3), plain({150, 103}), plain({75, 51})})->info().note, "");
  expect_shows(*open({plain({75, 51}), plain({150, 103}), page_of(3)}), as_rgb, 0);
  const auto dense = open({page_of(3), plain({241, 166})});  // 1.25 times smaller
  expect_shows(*dense, as_rgb, 0);
  EXPECT_THAT(dense->info().note, HasSubstr("left out: image 2 (241 x 166 pixels)"));
}

TEST_F(TiffSlide, TheLargestImageOfOmeHasItsOwnResolution) {
  TestPage label = plain({150, 200});
  label.description =
      "<?xml version=\"1.0\"?><OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\">"
      "<Image ID=\"Image:0\" Name=\"label\"><Pixels ID=\"Pixels:0\" SizeX=\"150\" SizeY=\"200\" PhysicalSizeX=\"9\" "
      "PhysicalSizeY=\"9\"/></Image>"
      "<Image ID=\"Image:1\" Name=\"slide\"><Pixels ID=\"Pixels:1\" SizeX=\"301\" SizeY=\"207\" PhysicalSizeX=\"0.5\" "
      "PhysicalSizeY=\"0.5\"/></Image>"
      "</OME>";
  const auto file = open({label, page_of(3)});
  expect_shows(*file, as_rgb, 0);
  EXPECT_EQ(file->info().mpp_x, 0.5);
  EXPECT_EQ(file->info().format, "ome-tiff");
}

TEST_F(TiffSlide, SeveralLargeImagesAreRefused) {
  EXPECT_THAT(error_of_pages({page_of(3), plain({50, 50}), plain({250, 200})}),
              HasSubstr("holds several large images: image 1 (301 x 207 pixels), image 3 (250 x 200 pixels); write the one"));
  EXPECT_THAT(error_of_pages({page_of(3), page_of(3), page_of(3), page_of(3), page_of(3)}),
              HasSubstr("image 2 (301 x 207 pixels), image 3 (301 x 207 pixels), 2 more"));
  TestPage mask = page_of(1);
  expect_shows(*open({mask, page_of(3)}), as_rgb, 0);
}

TEST_F(TiffSlide, AListOfImagesThatBreaksOffIsDamage) {
  write_tiff(folder_ / "s.tif", {page_of(3), plain({150, 103})});
  std::filesystem::resize_file(folder_ / "s.tif", std::filesystem::file_size(folder_ / "s.tif") - 40);
  EXPECT_THAT(error_on_opening(folder_ / "s.tif"), HasSubstr("is damaged or was cut short: its list of images breaks off after image 1"));
  EXPECT_TRUE(image_kind(folder_ / "s.tif")->is_damaged);
  write_tiff(folder_ / "s.tif", {page_of(3)});
  std::filesystem::resize_file(folder_ / "s.tif", std::filesystem::file_size(folder_ / "s.tif") / 2);
  EXPECT_THAT(error_on_opening(folder_ / "s.tif"), AllOf(HasSubstr("is damaged or was cut short ("), HasSubstr("); get a new copy")));
  TestPage with_copy = page_of(3);
  with_copy.subifds = 1;
  write_tiff(folder_ / "s.tif", {with_copy, plain({150, 103})});
  std::filesystem::resize_file(folder_ / "s.tif", std::filesystem::file_size(folder_ / "s.tif") - 600);
  const std::string error = error_on_opening(folder_ / "s.tif");
  EXPECT_THAT(error, AnyOf(HasSubstr("Can not read"), HasSubstr("IO error during reading")));
  EXPECT_EQ(error.find("s.tif"), error.rfind("s.tif")) << "the file is named once: " << error;
  std::ofstream(folder_ / "s.tif", std::ios::binary) << std::string("II+\0\x08\0\0\0\0\0\0\0\0\0\0\x80", 16);
  EXPECT_THAT(error_on_opening(folder_ / "s.tif"), HasSubstr("is damaged or was cut short")) << "its directory would be at -2^63";
}

TEST_F(TiffSlide, OrientationTagsAreNotApplied) {
  for (const std::uint32_t tile : {64U, 0U}) {
    for (const int orientation : {ORIENTATION_BOTRIGHT, ORIENTATION_RIGHTTOP}) {
      TestPage page = page_of(3);
      page.tile = tile;
      page.orientation = orientation;
      const auto file = open({page});
      expect_shows(*file, as_rgb, 0);
      EXPECT_THAT(file->info().note, HasSubstr("its Orientation tag " + std::to_string(orientation) + " is not applied"));
      EXPECT_TRUE(image_kind(folder_ / "s.tif")->only_here) << "OpenSlide turns each tile in itself";
    }
  }
}

TEST_F(TiffSlide, TilesThatWereNeverWrittenAreWhite) {
  TestPage page = page_of(3);
  page.unwritten = {1, 7};  // of 5 x 4 tiles of 64 pixels
  const auto file = open({page});
  EXPECT_EQ(file->info().note, "2 of its 20 tiles were never written: they are white");
  EXPECT_TRUE(image_kind(folder_ / "s.tif")->only_here) << "for OpenSlide they are damage";
  expect_shows(
      *file,
      [](auto x, auto y) {
        const std::int64_t tile = y / 64 * 5 + x / 64;
        return tile == 1 || tile == 7 ? std::array{255, 255, 255} : as_rgb(x, y);
      },
      0);
}

TEST_F(TiffSlide, StripsThatWereNeverWrittenOrCutOffAreNamed) {
  TestPage page = page_of(3);
  page.tile = 0;
  page.unwritten = {3};
  EXPECT_THAT(error_of_pages({page}), HasSubstr("has strips that were never written, as GDAL's SPARSE_OK leaves them out"));
  page.unwritten.clear();
  write_tiff(folder_ / "s.tif", {page});
  TIFF* tiff = TIFFOpen((folder_ / "s.tif").c_str(), "r");
  const std::uint64_t offset = TIFFGetStrileOffset(tiff, 12), end = std::filesystem::file_size(folder_ / "s.tif");
  TIFFClose(tiff);
  std::ifstream from(folder_ / "s.tif", std::ios::binary);
  std::string bytes(end, '\0');
  from.read(bytes.data(), static_cast<std::streamsize>(end));
  const std::size_t entry = bytes.rfind(std::string(reinterpret_cast<const char*>(&offset), 8));  // in the table of strips
  ASSERT_NE(entry, std::string::npos);
  bytes.replace(entry, 8, reinterpret_cast<const char*>(&end), 8);
  std::ofstream(folder_ / "s.tif", std::ios::binary) << bytes;
  EXPECT_THAT(error_on_opening(folder_ / "s.tif"), HasSubstr("was cut short: its pixels reach beyond the end of the file; get a new copy"));
}

/// `page` with `bits` of 16, the upper ones empty.
TestPage with_used_bits(const TestPage& page, int bits) {
  TestPage wide = page;
  wide.bits = 16;
  wide.bytes.clear();
  for (const std::uint8_t value : page.bytes) {
    const auto sample = static_cast<std::uint16_t>(value << (bits - 8));
    wide.bytes.insert(wide.bytes.end(), {static_cast<std::uint8_t>(sample & 255U), static_cast<std::uint8_t>(sample >> 8U)});
  }
  return wide;
}

TEST_F(TiffSlide, SixteenBitSamplesThatUseFewerAreSeenBright) {
  for (const std::uint32_t tile : {64U, 0U}) {
    for (const int bits : {8, 10, 12, 14, 16}) {
      SCOPED_TRACE(std::to_string(bits) + " bits, tile " + std::to_string(tile));
      TestPage page = page_of(3);
      page.tile = tile;
      const auto file = open({with_used_bits(page, bits)});
      expect_shows(*file, as_rgb, 0);
      EXPECT_EQ(file->info().note.find("taken as " + std::to_string(bits) + " bits") != std::string::npos, bits < 16) << file->info().note;
      EXPECT_TRUE(image_kind(folder_ / "s.tif")->only_here);
      EXPECT_EQ(read_rgb(folder_ / "s.tif"), rgb_picture()) << "as a patch";
    }
  }
  TestPage said = page_of(3);
  std::ranges::transform(said.bytes, said.bytes.begin(), [](std::uint8_t value) { return value / 4; });  // dark: samples would say 10 bits
  said = with_used_bits(said, 12);
  said.description = testing::ome_xml(kSize, "SizeC=\"3\" SignificantBits=\"12\"");
  expect_shows(
      *open({said}),
      [](auto x, auto y) {
        return std::array{sample(x, y, 0) / 4, sample(x, y, 1) / 4, sample(x, y, 2) / 4};
      },
      0);
  said.description.clear();
  said.max_sample = 4095;
  for (const std::uint32_t tile : {64U, 0U}) {
    said.tile = tile;
    const auto file = open({said});
    EXPECT_THAT(file->info().note, HasSubstr("they are taken as 12 bits, as the file says"));
    expect_shows(
        *file,
        [](auto x, auto y) {
          return std::array{sample(x, y, 0) / 4, sample(x, y, 1) / 4, sample(x, y, 2) / 4};
        },
        0);
  }
  TestPage wrong = with_used_bits(page_of(3), 16);  // what the file says can't be
  wrong.description = testing::ome_xml(kSize, "SizeC=\"3\" SignificantBits=\"12\"");
  expect_shows(*open({wrong}), as_rgb, 0);
}

TEST_F(TiffSlide, AlphaSaysNothingOfTheColoursDepth) {
  for (const std::uint32_t tile : {64U, 0U}) {
    TestPage page = with_used_bits(page_of(3), 12);
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < page.bytes.size(); i += 6) {
      bytes.insert(bytes.end(), page.bytes.begin() + static_cast<std::ptrdiff_t>(i),
                   page.bytes.begin() + static_cast<std::ptrdiff_t>(i + 6));
      bytes.insert(bytes.end(), {255, 255});  // opaque in 16 bits
    }
    page.bytes = bytes;
    page.samples = 4;
    page.extra = EXTRASAMPLE_UNASSALPHA;
    page.tile = tile;
    expect_shows(*open({page}), as_rgb, 0);
    EXPECT_EQ(read_rgb(folder_ / "s.tif"), rgb_picture()) << "as a patch";
  }
}

}  // namespace
}  // namespace wsi_lpd::image
