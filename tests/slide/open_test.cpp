// Which reader takes which file, and which files a search through folders takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "image/test_tiff.hpp"
#include "slide/position_slide.hpp"
#include "test_data.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/slide/archive_file.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::slide {
namespace {

using ::testing::HasSubstr;
using testing::TestPage;
using testing::write_tiff;

const core::Size kSize{300, 200};

class Open : public ::testing::Test {
 protected:
  static TestPage page(std::uint32_t tile) {
    const core::Image picture = testing::position_picture(kSize);
    TestPage page{.size = kSize, .bytes = {picture.data(), picture.data() + picture.bytes()}};
    page.tile = tile;
    page.mpp_x = page.mpp_y = 0.5;
    return page;
  }
  std::filesystem::path write(const std::string& name, const TestPage& page) const {
    write_tiff(folder_ / name, {page});
    return folder_ / name;
  }
  static void expect_picture(const Reader& reader) {
    core::Image pixels(kSize.width, kSize.height, 3);
    reader.read(0, {0, 0, kSize.width, kSize.height}, pixels.view());
    EXPECT_EQ(pixels, testing::position_picture(kSize)) << reader.properties().vendor;
  }
  std::string error_of(const std::filesystem::path& path) const {
    try {
      open(path);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "opened";
  }
  testing::TemporaryFolder folder_;
};

TEST_F(Open, TakesTheReaderThatSeesMost) {
  TestPage ome = page(64);
  ome.description = testing::ome_xml(kSize, R"(PhysicalSizeX="0.4" PhysicalSizeY="0.4")");
  image::write_png(folder_ / "a.png", testing::position_picture(kSize));
  for (const auto& [path, vendor, source] :
       std::vector<std::tuple<std::filesystem::path, std::string, std::string>>{{write("tiles.tif", page(64)), "generic-tiff", "tiff tags"},
                                                                                {write("strips.tif", page(0)), "tiff", "tiff tags"},
                                                                                {write("a.ome.tif", ome), "ome-tiff", "ome"},
                                                                                {folder_ / "a.png", "png", "unknown"}}) {
    SCOPED_TRACE(path);
    const auto reader = open(path);
    EXPECT_EQ(reader->properties().vendor, vendor);
    EXPECT_EQ(reader->properties().mpp_source, source);
    expect_picture(*reader);
  }
  EXPECT_THAT(open(folder_ / "strips.tif")->properties().note, HasSubstr("decoded at once"));
  EXPECT_EQ(open(folder_ / "tiles.tif")->properties().note, "");
}

TEST_F(Open, TakesATiffThatOpenSlideRefusesForItsTiles) {
  if (!library_version().starts_with("OpenSlide 3.")) GTEST_SKIP() << library_version() << " reads it itself";
  const auto reader = open(write("small.tif", page(512)));
  EXPECT_EQ(reader->properties().vendor, "tiff");
  expect_picture(*reader);
}

TEST_F(Open, RefusesPixelsThatAreNotSquareUnlessToldOtherwise) {
  for (const std::uint32_t tile : {64U, 0U}) {
    TestPage flat = page(tile);
    flat.mpp_y = 0.6;
    const auto path = write("flat.tif", flat);
    EXPECT_THAT(error_of(path), AllOf(HasSubstr("0.5 um/px across but 0.6 down"), HasSubstr("--mpp")));
    EXPECT_EQ(open(path, {.mpp = 0.55})->properties().mpp, 0.55);
    flat.mpp_y = 0.503;  // rounding
    EXPECT_NEAR(open(write("flat.tif", flat))->properties().mpp.value_or(0), 0.5015, 1e-4);
  }
  TestPage ome = page(64);
  ome.description = testing::ome_xml(kSize, R"(PhysicalSizeX="0.25" PhysicalSizeY="0.5")");
  EXPECT_THAT(error_of(write("flat.ome.tif", ome)), HasSubstr("0.25 um/px across but 0.5 down"));
}

TEST_F(Open, LeavesOddTiffsToTheReaderThatSeesThemRight) {
  TestPage turned = page(64), sparse = page(64), label = page(64);
  turned.orientation = ORIENTATION_BOTRIGHT;
  label.size = {100, 100};
  expect_picture(*open(write("turned.tif", turned)));
  write_tiff(folder_ / "second.tif", {label, page(64)});
  expect_picture(*open(folder_ / "second.tif"));
  EXPECT_THAT(open(folder_ / "second.tif")->properties().note, HasSubstr("the slide is its largest image"));
  sparse.unwritten = {0};
  const auto reader = open(write("sparse.tif", sparse));
  core::Image pixels(64, 64, 3);
  reader->read(0, {0, 0, 64, 64}, pixels.view());
  EXPECT_EQ(pixels, core::Image(64, 64, 3, 255));
}

TEST_F(Open, RefusesFloatingPointSamples) {
  TestPage page{.size = kSize, .bytes = std::vector<std::uint8_t>(static_cast<std::size_t>(kSize.area() * 12)), .bits = 32};
  page.sample_format = SAMPLEFORMAT_IEEEFP;
  EXPECT_THAT(error_of(write("float.tif", page)), HasSubstr("samples are of 32 bits, signed or floating"));
}

TEST_F(Open, TellsDamageAsDamage) {
  write_tiff(folder_ / "cut.svs", {page(64), page(64)});
  std::filesystem::resize_file(folder_ / "cut.svs", std::filesystem::file_size(folder_ / "cut.svs") - 40);
  EXPECT_THAT(error_of(folder_ / "cut.svs"), HasSubstr("is damaged or was cut short"));
  EXPECT_FALSE(is_slide(folder_ / "cut.svs"));
  TestPage svs = page(64);
  svs.description = "Aperio Image Library v1.0\r\n300x200|MPP = 0.5";
  EXPECT_EQ(open(write("good.svs", svs))->properties().vendor, "aperio");
  svs.compression = COMPRESSION_LZW;
  svs.tile = 0;
  EXPECT_EQ(open(write("strips.tif", svs))->properties().vendor, "tiff") << "a part that another program has cut out";
}

TEST_F(Open, WarnsOfResolutionsThatContradictEachOther) {
  TestPage ome = page(64);
  ome.description = testing::ome_xml(kSize, R"(PhysicalSizeX="0.4" PhysicalSizeY="0.4")");
  EXPECT_THAT(
      open(write("a.ome.tif", ome))->properties().warnings,
      ::testing::ElementsAre(HasSubstr("the slide says 0.4 um/px (ome), which is taken, but its resolution tags 0.5; if that is right, "
                                       "give --mpp")));
  EXPECT_THAT(open(folder_ / "a.ome.tif", {.mpp = 0.5})->properties().warnings, ::testing::IsEmpty());
  ome.mpp_x = ome.mpp_y = 0.41;
  EXPECT_THAT(open(write("a.ome.tif", ome))->properties().warnings, ::testing::IsEmpty());
  ome.mpp_x = ome.mpp_y = 350;  // 72 dpi
  EXPECT_THAT(open(write("a.ome.tif", ome))->properties().warnings, ::testing::IsEmpty());
  // As Aperio writes them.
  for (const auto& [magnification, warnings] : {std::pair{"20", 0U}, std::pair{"40", 0U}, std::pair{"4", 1U}}) {
    TestPage svs = page(64);
    svs.description = std::string("Aperio Image Library v1.0\r\n300x200 [0,0 300x200] (64x64)|AppMag = ") + magnification + "|MPP = 0.5";
    svs.mpp_x = svs.mpp_y = 0;
    const auto reader = open(write("a.svs", svs));
    EXPECT_EQ(reader->properties().vendor, "aperio");
    ASSERT_EQ(reader->properties().warnings.size(), warnings) << magnification;
    if (warnings > 0) {
      EXPECT_THAT(reader->properties().warnings[0], HasSubstr("an objective of 4x, which goes with about 2.5"));
    }
  }
}

TEST_F(Open, AFileIsASlideByItsHeader) {
  EXPECT_TRUE(is_slide(write("tiles.tif", page(64))));
  EXPECT_TRUE(is_slide(write("strips.tif", page(0))));
  EXPECT_FALSE(is_label_image(folder_ / "strips.tif"));
  TestPage mask{.size = kSize, .bytes = std::vector<std::uint8_t>(static_cast<std::size_t>(kSize.area()), 1), .samples = 1};
  mask.photometric = PHOTOMETRIC_MINISBLACK;
  EXPECT_FALSE(is_slide(write("grey.tif", mask)));
  EXPECT_TRUE(is_label_image(folder_ / "grey.tif"));
  mask.photometric = PHOTOMETRIC_PALETTE;
  EXPECT_FALSE(is_slide(write("labels.tif", mask)));
  EXPECT_TRUE(is_label_image(folder_ / "labels.tif"));
  image::write_png(folder_ / "a.png", testing::position_picture(kSize));
  image::write_jpeg(folder_ / "a.jpg", testing::position_picture(kSize));
  EXPECT_FALSE(is_slide(folder_ / "a.png"));
  EXPECT_FALSE(is_label_image(folder_ / "a.png"));
  EXPECT_FALSE(is_slide(folder_ / "a.jpg"));
  std::ofstream(folder_ / "text.tif") << "no slide";
  EXPECT_FALSE(is_slide(folder_ / "text.tif"));
  EXPECT_FALSE(is_slide(folder_ / "absent.tif"));
}

}  // namespace
}  // namespace wsi_lpd::slide
