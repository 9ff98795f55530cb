#include "wsi_lpd/image/pyramid_file.hpp"

#include <fstream>

#include "image/file_size_limit.hpp"
#include "image/pyramid_picture.hpp"
#include "wsi_lpd/image/image_file.hpp"

namespace wsi_lpd::image {
namespace {

TEST_F(PyramidFileTest, ShowsColourGreyAlphaAndPlanesInTilesAndStrips) {
  for (const std::uint32_t tile : {64U, 0U, 512U}) {  // 512: an image smaller than its tile
    SCOPED_TRACE("tile " + std::to_string(tile));
    const auto with = [&](TestPage page) {
      page.tile = tile;
      return page;
    };
    expect_page_shows(with(page_of(3)), as_rgb);
    expect_page_shows(with(page_of(1)), as_grey);
    TestPage white_is_zero = with(page_of(1));
    white_is_zero.photometric = PHOTOMETRIC_MINISWHITE;
    expect_page_shows(white_is_zero, [](auto x, auto y) {
      return std::array{255 - sample(x, y, 0), 255 - sample(x, y, 0), 255 - sample(x, y, 0)};
    });
    TestPage palette = with(page_of(1));
    palette.photometric = PHOTOMETRIC_PALETTE;
    expect_page_shows(palette, [](auto x, auto y) { return std::array{sample(x, y, 0), 255 - sample(x, y, 0), 0}; });
    TestPage alpha = with(page_of(4));
    alpha.extra = EXTRASAMPLE_UNASSALPHA;
    expect_page_shows(alpha, over_white, 1);
    alpha.extra = EXTRASAMPLE_UNSPECIFIED;
    expect_page_shows(alpha, as_rgb);
    expect_page_shows(with(sixteen_bits(page_of(3))), as_rgb);
    expect_page_shows(with(sixteen_bits(page_of(1))), as_grey);
  }
  TestPage associated = page_of(4);
  associated.extra = EXTRASAMPLE_ASSOCALPHA;
  expect_page_shows(associated, [](auto x, auto y) {
    const auto over = [&](int c) { return std::min(255, sample(x, y, c) + 255 - sample(x, y, 3)); };
    return std::array{over(0), over(1), over(2)};
  });
  TestPage separate = page_of(3);
  separate.planes = PLANARCONFIG_SEPARATE;
  expect_page_shows(separate, as_rgb);
}

TEST_F(PyramidFileTest, ShowsEveryCompression) {
  for (const int compression : {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_PACKBITS, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_ZSTD}) {
    TestPage page = page_of(3);
    page.compression = compression;
    expect_page_shows(page, as_rgb);
  }
  TestPage jpeg = page_of(3);
  jpeg.compression = COMPRESSION_JPEG;
  jpeg.photometric = PHOTOMETRIC_YCBCR;
  expect_page_shows(jpeg, as_rgb, 24);
  jpeg.photometric = PHOTOMETRIC_RGB;
  expect_page_shows(jpeg, as_rgb, 24);
  for (const int compression : {33003, 33005, 34712}) {
    TestPage page = page_of(3);
    page.compression = compression;
    page.encode = jpeg2000;
    expect_page_shows(page, as_rgb);
  }
  TestPage ycc = page_of(3);
  ycc.compression = 33003;
  ycc.photometric = PHOTOMETRIC_YCBCR;
  ycc.encode = jpeg2000;
  expect_page_shows(
      ycc,
      [](auto x, auto y) {
        const double luma = sample(x, y, 0), cb = sample(x, y, 1) - 128, cr = sample(x, y, 2) - 128;
        const auto byte = [](double value) { return static_cast<int>(std::clamp(std::lround(value), 0L, 255L)); };
        return std::array{byte(luma + 1.402 * cr), byte(luma - 0.344136 * cb - 0.714136 * cr), byte(luma + 1.772 * cb)};
      },
      1);
}

TEST_F(PyramidFileTest, ShowsPngJpegAndVips) {
  write_png(folder_ / "a.png", rgb_picture());
  write_jpeg(folder_ / "a.jpg", rgb_picture(), 98);
  for (const auto& [name, tolerance] : {std::pair{"a.png", 0}, std::pair{"a.jpg", 8}}) {
    const auto file = PyramidFile::open(folder_ / name);
    EXPECT_THAT(file->info().note, HasSubstr("at once"));
    expect_shows(*file, as_rgb, tolerance);
  }
  for (const int channels : {1, 3, 4}) {
    const core::Image picture = rgb_picture(channels);
    vips::VImage::new_from_memory(const_cast<std::uint8_t*>(picture.data()), picture.bytes(), kSize.width, kSize.height, channels,
                                  VIPS_FORMAT_UCHAR)
        .copy(vips::VImage::option()->set("xres", 2000.0)->set("yres", 2000.0))
        .vipssave((folder_ / "a.v").c_str());
    const auto file = PyramidFile::open(folder_ / "a.v");
    EXPECT_TRUE(file->info().note.empty());
    EXPECT_NEAR(file->info().mpp_x.value(), 0.5, 1e-6);
    expect_shows(*file, channels == 1 ? as_grey : channels == 3 ? as_rgb : over_white, 1);
  }
  // Decoding leaves nothing in TMPDIR, finished or not.
  std::filesystem::create_directory(folder_ / "tmp");
  const std::string before = std::filesystem::temp_directory_path().string();
  setenv("TMPDIR", (folder_ / "tmp").c_str(), 1);
  const auto file = PyramidFile::open(folder_ / "a.png");
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "tmp"));
  setenv("TMPDIR", before.c_str(), 1);
  const testing::FileSizeLimit limit(100'000);
  EXPECT_THAT(error_on_opening(folder_ / "a.png"), HasSubstr("File too large"));
}

TEST_F(PyramidFileTest, FindsLevelsInSubifdsAndReducedPagesOfItsShapeOnly) {
  const auto level = [](core::Size size, int value) {
    return TestPage{.size = size,
                    .bytes = std::vector<std::uint8_t>(static_cast<std::size_t>(size.area() * 3), static_cast<std::uint8_t>(value))};
  };
  TestPage base = page_of(3);
  base.subifds = 2;
  const TestPage other = level({100, 100}, 9);
  write_tiff(folder_ / "sub.tif", {base, level({151, 104}, 50), level({76, 52}, 60), other});
  const auto sub = PyramidFile::open(folder_ / "sub.tif");
  EXPECT_EQ(sub->info().levels, (std::vector<core::Size>{kSize, {151, 104}, {76, 52}}));
  core::Image pixels(10, 10, 3);
  sub->read(2, {66, 42, 10, 10}, pixels.view());
  EXPECT_EQ(pixels, core::Image(10, 10, 3, 60));

  base.subifds = 0;
  std::vector<TestPage> pages{
      base, other, level({150, 103}, 50), level({150, 20}, 51), level({500, 344}, 52), level({75, 51}, 60), level({30, 20}, 70)};
  for (const std::size_t i : {2U, 3U, 4U, 5U, 6U}) pages[i].reduced = true;
  pages[6].tile = 0;
  write_tiff(folder_ / "pages.tif", pages);
  const auto reduced = PyramidFile::open(folder_ / "pages.tif");
  EXPECT_EQ(reduced->info().levels, (std::vector<core::Size>{kSize, {150, 103}, {75, 51}}));
  reduced->read(1, {0, 0, 10, 10}, pixels.view());
  EXPECT_EQ(pixels, core::Image(10, 10, 3, 50));
}

TEST_F(PyramidFileTest, TakesMicrometresFromOmeElseFromTags) {
  const auto mpp_of = [&](const std::string& attributes, double tags) {
    TestPage page = page_of(3);
    page.mpp_x = page.mpp_y = tags;
    if (!attributes.empty()) page.description = testing::ome_xml(kSize, "SizeC=\"3\" SizeZ=\"1\" SizeT=\"1\" " + attributes);
    write_tiff(folder_ / "a.tif", {page});
    const auto info = PyramidFile::open(folder_ / "a.tif")->info();
    return std::pair{info.mpp_x ? std::round(*info.mpp_x * 1e6) / 1e6 : 0, info.mpp_source};
  };
  EXPECT_EQ(mpp_of("", 0.31), (std::pair{0.31, std::string("tiff tags")}));
  EXPECT_EQ(mpp_of("", 0).first, 0);
  EXPECT_EQ(mpp_of("Type=\"uint8\"", 0.31), (std::pair{0.31, std::string("tiff tags")}));
  EXPECT_EQ(mpp_of("PhysicalSizeX=\"0.5\" PhysicalSizeY=\"0.5\"", 0.31), (std::pair{0.5, std::string("ome")}));
  EXPECT_EQ(mpp_of("PhysicalSizeX=\"500\" PhysicalSizeXUnit=\"nm\" PhysicalSizeY=\"500\" PhysicalSizeYUnit='nm'", 0).first, 0.5);
  EXPECT_EQ(mpp_of("PhysicalSizeX=\"0.25\" PhysicalSizeXUnit=\"\u00b5m\"", 0).first, 0.25);
  EXPECT_EQ(mpp_of("PhysicalSizeX=\"0.25\" PhysicalSizeXUnit=\"&#181;m\"", 0).first, 0.25);
  EXPECT_EQ(mpp_of("PhysicalSizeX=\"1\" PhysicalSizeXUnit=\"pixel\"", 0.31), (std::pair{0.31, std::string("tiff tags")}));
}

TEST_F(PyramidFileTest, RefusesWhatIsNoPictureOfTissue) {
  TestPage page = page_of(3);
  page.description = testing::ome_xml(kSize, "SizeC=\"12\" SizeZ=\"1\" SizeT=\"1\"");
  EXPECT_THAT(error_of(page), HasSubstr("4 planes"));
  page.description = testing::ome_xml(kSize, "SizeC=\"3\" SizeZ=\"5\" SizeT=\"1\"");
  EXPECT_THAT(error_of(page), HasSubstr("5 planes"));
  page.description = testing::ome_xml({999, 207}, "SizeC=\"3\"");
  EXPECT_THAT(error_of(page), HasSubstr("999 x 207"));
  page.description = testing::ome_xml({-301, 207}, "SizeC=\"3\"");
  EXPECT_THAT(error_of(page), HasSubstr("no size"));
  page.description = "<OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\"";
  EXPECT_THAT(error_of(page), HasSubstr("no size"));
  page = sixteen_bits(page_of(3));
  page.sample_format = SAMPLEFORMAT_INT;
  EXPECT_THAT(error_of(page), HasSubstr("signed or floating"));
  page = page_of(4);
  page.photometric = PHOTOMETRIC_SEPARATED;
  EXPECT_THAT(error_of(page), HasSubstr("write it as RGB"));
  page = page_of(3);
  page.compression = 40000;
  page.encode = [](const auto& tile) { return tile; };
  EXPECT_THAT(error_of(page), HasSubstr("compression 40000"));
}

TEST_F(PyramidFileTest, DamagedHeadersAndTruncatedFilesAreErrors) {
  std::ofstream(folder_ / "text.png") << "not a picture";
  EXPECT_THAT(error_on_opening(folder_ / "text.png"), HasSubstr("not a PNG, JPEG or TIFF"));
  TestPage strips = page_of(3);
  strips.tile = 0;
  write_tiff(folder_ / "strips.tif", {strips});
  write_png(folder_ / "a.png", rgb_picture());
  write_jpeg(folder_ / "a.jpg", rgb_picture(), 98);
  const core::Image picture = rgb_picture();
  vips::VImage::new_from_memory(const_cast<std::uint8_t*>(picture.data()), picture.bytes(), kSize.width, kSize.height, 3, VIPS_FORMAT_UCHAR)
      .vipssave((folder_ / "a.v").c_str());
  for (const char* name : {"a.png", "a.jpg", "a.v"}) {
    const auto whole = std::filesystem::file_size(folder_ / name);
    std::filesystem::resize_file(folder_ / name, whole / 2);
    EXPECT_NE(error_on_opening(folder_ / name), "opened") << name;
    std::filesystem::resize_file(folder_ / name, 20);
    EXPECT_NE(error_on_opening(folder_ / name), "opened") << name;
  }
  EXPECT_THAT(error_on_opening(folder_ / "a.v"), HasSubstr("is a damaged VIPS image ("));
  testing::damage_tile(folder_ / "strips.tif", 5);
  vips_error("other.tif", "what OpenSlide's libtiff says of another file");
  EXPECT_THAT(error_on_opening(folder_ / "strips.tif"), ::testing::Not(::testing::AnyOf("opened", HasSubstr("other"))));
  std::filesystem::resize_file(folder_ / "strips.tif", 100);
  EXPECT_NE(error_on_opening(folder_ / "strips.tif"), "opened");
  std::fstream header(folder_ / "a.v", std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes("\xb6\xa6\xf2\x08\xff\xff\xff\xff\xff\xff\xff\xff\x03", 13);
  header << bytes << std::string(51, '\0');
  header.close();
  EXPECT_NE(error_on_opening(folder_ / "a.v"), "opened") << "-1 x -1 pixels";
}

TEST_F(PyramidFileTest, KindsAreToldByTheHeader) {
  const auto kind = [&](const TestPage& page) {
    write_tiff(folder_ / "k.tif", {page});
    return image_kind(folder_ / "k.tif").value();
  };
  EXPECT_TRUE(kind(page_of(3)).colour);
  EXPECT_FALSE(kind(page_of(1)).colour);
  TestPage page = page_of(1);
  page.photometric = PHOTOMETRIC_PALETTE;
  EXPECT_FALSE(kind(page).colour);
  page = page_of(3);
  EXPECT_FALSE(kind(page).only_here);
  page.description = testing::ome_xml(kSize, "");
  EXPECT_TRUE(kind(page).only_here);
  EXPECT_EQ(image_format(folder_ / "k.tif"), ImageKind::Format::Tiff);
  EXPECT_FALSE(image_format(folder_ / "absent"));
  EXPECT_FALSE(image_kind(folder_.path()));
  EXPECT_FALSE(image_kind(folder_ / "absent"));
  std::ofstream(folder_ / "text") << "II*";
  EXPECT_TRUE(image_kind(folder_ / "text").value().is_damaged);
}

}  // namespace
}  // namespace wsi_lpd::image
