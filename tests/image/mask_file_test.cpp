#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include <cmath>
#include <cstring>
#include <vips/vips8>

#include "image/test_tiff.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/library.hpp"
#include "wsi_lpd/image/mask_file.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"

namespace wsi_lpd::image {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TemporaryFolder;

constexpr int kSide = 64;

/// Is the pixel inside of the mask that all files here show? A disc of 441 pixels.
bool inside(int i) {
  const int x = i % kSide - 30, y = i / kSide - 20;
  return x * x + y * y < 12 * 12;
}

/// Samples of kSide x kSide pixels: `in` where the mask is, `out` elsewhere.
template <class Sample>
std::vector<std::uint8_t> samples(std::vector<Sample> in, std::vector<Sample> out) {
  std::vector<Sample> values;
  for (int i = 0; i < kSide * kSide; ++i)
    values.insert(values.end(), inside(i) ? in.begin() : out.begin(), inside(i) ? in.end() : out.end());
  std::vector<std::uint8_t> bytes(values.size() * sizeof(Sample));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

template <class Sample>
void write_tiff(const std::filesystem::path& path, std::vector<Sample> in, std::vector<Sample> out, testing::TestPage page = {}) {
  page.size = {kSide, kSide};
  page.samples = static_cast<int>(in.size());
  page.bits = 8 * static_cast<int>(sizeof(Sample));
  if (in.size() < 3) page.photometric = page.photometric == PHOTOMETRIC_RGB ? PHOTOMETRIC_MINISBLACK : page.photometric;
  page.sample_format = std::is_floating_point_v<Sample> ? SAMPLEFORMAT_IEEEFP
                       : std::is_signed_v<Sample>       ? SAMPLEFORMAT_INT
                                                        : SAMPLEFORMAT_UINT;
  page.bytes = samples(in, out);
  testing::write_tiff(path, {page});
}

vips::VImage picture(std::vector<std::uint8_t>& bytes, int bands, VipsBandFormat format = VIPS_FORMAT_UCHAR) {
  initialise();
  const auto grey = format == VIPS_FORMAT_UCHAR ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_GREY16;
  const auto colour = format == VIPS_FORMAT_UCHAR ? VIPS_INTERPRETATION_sRGB : VIPS_INTERPRETATION_RGB16;
  return vips::VImage::new_from_memory(bytes.data(), bytes.size(), kSide, kSide, bands, format)
      .copy(vips::VImage::option()->set("interpretation", bands < 3 ? grey : colour));
}

template <class Sample>
void write_png(const std::filesystem::path& path, std::vector<Sample> in, std::vector<Sample> out) {
  auto bytes = samples(in, out);
  picture(bytes, static_cast<int>(in.size()), sizeof(Sample) == 1 ? VIPS_FORMAT_UCHAR : VIPS_FORMAT_USHORT).pngsave(path.c_str());
}

/// An indexed PNG with the value `in` where the mask is, and `more` in its first pixel; `palette` is RGBA.
void write_indexed(const std::filesystem::path& path, std::vector<std::uint8_t> palette, std::uint8_t in, std::uint8_t out, int more = -1) {
  auto bytes = samples<std::uint8_t>({in}, {out});
  if (more >= 0) bytes[0] = static_cast<std::uint8_t>(more);
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = png.height = kSide;
  png.format = PNG_FORMAT_RGBA_COLORMAP;
  png.colormap_entries = static_cast<png_uint_32>(palette.size() / 4);
  ASSERT_NE(png_image_write_to_file(&png, path.c_str(), 0, bytes.data(), 0, palette.data()), 0) << png.message;
}

/// The file must show the disc, and nothing may be said of it.
void expect_disc(const std::filesystem::path& path) {
  std::vector<std::string> warnings;
  const core::Image mask = read_mask(path, &warnings);
  ASSERT_EQ(mask.width(), kSide);
  ASSERT_EQ(mask.height(), kSide);
  ASSERT_EQ(mask.channels(), 1);
  int wrong = 0;
  for (int i = 0; i < kSide * kSide; ++i) wrong += mask.data()[i] != (inside(i) ? 1 : 0);
  EXPECT_EQ(wrong, 0) << path;
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(MaskFile, EveryDepthOfTiff) {
  const TemporaryFolder folder;
  const auto path = folder / "mask.tif";
  const auto check = [&](auto in, auto out) {
    write_tiff<decltype(in)>(path, {in}, {out});
    expect_disc(path);
  };
  check(std::uint8_t{1}, std::uint8_t{0});
  check(std::uint16_t{255}, std::uint16_t{0});  // nothing in the high byte
  check(std::uint16_t{256}, std::uint16_t{0});  // nothing in the low byte
  check(std::uint32_t{1}, std::uint32_t{0});
  check(std::uint32_t{1U << 31}, std::uint32_t{0});
  check(std::int16_t{-1}, std::int16_t{0});
  check(std::int32_t{1}, std::int32_t{0});
  check(1e-6F, 0.0F);
  check(1.0F, std::nanf(""));
  write_tiff<double>(path, {1}, {0});
  EXPECT_THROW(read_mask(path), core::Error);
}

TEST(MaskFile, EveryDepthOfPng) {
  const TemporaryFolder folder;
  const auto path = folder / "mask.png";
  for (const int bits : {1, 2, 4}) {
    auto bytes = samples<std::uint8_t>({255}, {0});
    picture(bytes, 1).pngsave(path.c_str(), vips::VImage::option()->set("bitdepth", bits));
    expect_disc(path);
  }
  write_png<std::uint8_t>(path, {1}, {0});
  expect_disc(path);
  write_png<std::uint16_t>(path, {1}, {0});
  expect_disc(path);
  write_png<std::uint16_t>(path, {0, 0, 200}, {0, 0, 0});
  expect_disc(path);
}

TEST(MaskFile, TransparentIsOutside) {
  const TemporaryFolder folder;
  for (const auto& [in, out] : std::vector<std::pair<std::uint8_t, std::uint8_t>>{{255, 0}, {1, 0}}) {
    write_png<std::uint8_t>(folder / "mask.png", {9, in}, {9, out});
    expect_disc(folder / "mask.png");
    write_png<std::uint8_t>(folder / "mask.png", {9, 0, 0, in}, {9, 9, 9, out});
    expect_disc(folder / "mask.png");
    for (const int alpha : {EXTRASAMPLE_ASSOCALPHA, EXTRASAMPLE_UNASSALPHA}) {
      write_tiff<std::uint8_t>(folder / "mask.tif", {9, in}, {9, out}, {.extra = alpha});
      expect_disc(folder / "mask.tif");
      write_tiff<std::uint8_t>(folder / "mask.tif", {9, 0, 0, in}, {9, 9, 9, out}, {.extra = alpha});
      expect_disc(folder / "mask.tif");
    }
  }
  write_png<std::uint16_t>(folder / "mask.png", {9, 0, 0, 1}, {9, 9, 9, 0});
  expect_disc(folder / "mask.png");
  write_png<std::uint8_t>(folder / "mask.png", {9, 255}, {0, 255});  // opaque black is 0 all the same
  expect_disc(folder / "mask.png");
}

TEST(MaskFile, PalettesAreColoursUnlessNoneIsBlackOrTransparent) {
  const TemporaryFolder folder;
  const auto path = folder / "mask.png";
  const std::vector<std::uint8_t> black_first{0, 0, 0, 255, 200, 0, 0, 255}, black_last{255, 255, 255, 255, 0, 0, 0, 255};
  write_indexed(path, black_first, 1, 0);
  expect_disc(path);
  write_indexed(path, black_last, 0, 1);
  expect_disc(path);
  write_indexed(path, {255, 255, 255, 255, 200, 0, 0, 255}, 1, 0);  // as labels that `segment` writes
  expect_disc(path);
  write_indexed(path, {200, 0, 0, 255, 9, 9, 9, 0}, 0, 1);
  expect_disc(path);
  write_indexed(path, {0, 0, 0, 255, 0, 0, 0, 255}, 1, 0);  // shows nothing: its values count
  expect_disc(path);
  write_labels_png(path, core::Image(4, 4, 1, 1), {{255, 255, 255}, {0, 0, 0}});
  EXPECT_EQ(read_mask(path), core::Image(4, 4, 1, 1)) << "all black, and not 0";

  testing::TestPage page{
      .size = {kSide, kSide}, .bytes = samples<std::uint8_t>({2}, {0}), .samples = 1, .photometric = PHOTOMETRIC_PALETTE};
  testing::write_tiff(folder / "mask.tif", {page});  // (0, 255, 0) and (2, 253, 0)
  expect_disc(folder / "mask.tif");
}

TEST(MaskFile, SaysWhichPalettesCanBeReadEitherWay) {
  const TemporaryFolder folder;
  const auto path = folder / "mask.png";
  write_indexed(path, {255, 255, 255, 255, 200, 0, 0, 255, 0, 0, 0, 255}, 1, 0, 2);
  std::vector<std::string> warnings;
  const core::Image mask = read_mask(path, &warnings);
  EXPECT_EQ(mask.data()[0], 0);
  EXPECT_EQ(mask.data()[1], 1);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("its palette has black at 2 and #ffffff at 0: black is taken for outside")));
}

TEST(MaskFile, JpegIsInsideFromHalfOn) {
  const TemporaryFolder folder;
  for (const std::uint8_t value : {std::uint8_t{255}, std::uint8_t{90}}) {
    auto bytes = samples<std::uint8_t>({value}, {0});
    picture(bytes, 1).jpegsave((folder / "mask.jpg").c_str(), vips::VImage::option()->set("Q", 75));
    const core::Image mask = read_mask(folder / "mask.jpg");
    int wrong = 0;
    for (int i = 0; i < kSide * kSide; ++i) wrong += mask.data()[i] != (inside(i) ? 1 : 0);
    EXPECT_LE(wrong, 6) << "of 441";  // along the edge
    picture(bytes, 1).tiffsave((folder / "mask.tif").c_str(),
                               vips::VImage::option()->set("compression", VIPS_FOREIGN_TIFF_COMPRESSION_JPEG));
    const core::Image tiff = read_mask(folder / "mask.tif");
    wrong = 0;
    for (int i = 0; i < kSide * kSide; ++i) wrong += tiff.data()[i] != (inside(i) ? 1 : 0);
    EXPECT_LE(wrong, 6);
  }
}

TEST(MaskFile, OfTiffsWithAWhiteZeroTheValueCountsUnlessTheyAreFax) {
  const TemporaryFolder folder;
  const auto path = folder / "mask.tif";
  std::vector<std::string> warnings;
  write_tiff<std::uint8_t>(path, {7}, {0}, {.photometric = PHOTOMETRIC_MINISWHITE});
  EXPECT_EQ(read_mask(path, &warnings).data()[20 * kSide + 30], 1);
  EXPECT_EQ(read_mask(path).data()[0], 0);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("its 0 is shown white: inside is what is not 0")));
  write_tiff<std::uint32_t>(path, {7}, {0}, {.photometric = PHOTOMETRIC_MINISWHITE});
  EXPECT_EQ(read_mask(path).data()[20 * kSide + 30], 1);
  EXPECT_EQ(read_mask(path).data()[0], 0);
  auto bytes = samples<std::uint8_t>({255}, {0});
  for (const auto compression : {VIPS_FOREIGN_TIFF_COMPRESSION_CCITTFAX4, VIPS_FOREIGN_TIFF_COMPRESSION_NONE}) {
    picture(bytes, 1).tiffsave(path.c_str(),
                               vips::VImage::option()->set("bitdepth", 1)->set("miniswhite", true)->set("compression", compression));
    const bool fax = compression == VIPS_FOREIGN_TIFF_COMPRESSION_CCITTFAX4;
    EXPECT_EQ(read_mask(path).data()[20 * kSide + 30], fax ? 1 : 0) << "shown white, and stored as 0";
    EXPECT_EQ(read_mask(path).data()[0], fax ? 0 : 1);
  }
}

TEST(MaskFile, SaysWhatIsAllInsideOrAllOutside) {
  const TemporaryFolder folder;
  const auto path = folder / "mask.png";
  const auto warnings_of = [&](std::uint8_t in, std::uint8_t out) {
    write_png<std::uint8_t>(path, {in}, {out});
    std::vector<std::string> warnings;
    read_mask(path, &warnings);
    return warnings;
  };
  EXPECT_THAT(warnings_of(0, 0), ElementsAre(path.string() + ": no pixel of the mask is inside: all are 0, black or transparent"));
  EXPECT_THAT(warnings_of(255, 1), ElementsAre(path.string() + ": every pixel of the mask is inside: none is 0, black or transparent"));
}

TEST(MaskFile, RefusesWhatItCannotRead) {
  const TemporaryFolder folder;
  core::write_text_file(folder / "text.png", "no mask");
  EXPECT_THROW(read_mask(folder / "text.png"), core::Error);
  EXPECT_THROW(read_mask(folder / "absent.png"), core::Error);
  write_indexed(folder / "whole.png", {0, 0, 0, 255, 9, 9, 9, 255}, 1, 0);
  const std::string bytes = core::read_text_file(folder / "whole.png");
  core::write_text_file(folder / "cut.png", bytes.substr(0, bytes.size() - 30));
  try {
    read_mask(folder / "cut.png");
    ADD_FAILURE();
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("reading " + (folder / "cut.png").string() + ": the PNG is damaged or cut off"));
  }
}

}  // namespace
}  // namespace wsi_lpd::image
