#include "wsi_lpd/image/image_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "image/file_size_limit.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/drawing.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"
#include "wsi_lpd/image/raster_writer.hpp"

namespace wsi_lpd::image {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TemporaryFolder;

core::Image gradient(std::int64_t width, std::int64_t height) {
  core::Image image(width, height, 3);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      image.at(x, y)[0] = static_cast<std::uint8_t>(x * 255 / width);
      image.at(x, y)[1] = static_cast<std::uint8_t>(y * 255 / height);
      image.at(x, y)[2] = static_cast<std::uint8_t>((x * 7 + y * 13) % 256);
    }
  }
  return image;
}

void write_bytes(const std::filesystem::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string error_of_reading(const std::filesystem::path& path) {
  try {
    read_rgb(path);
  } catch (const core::Error& error) {
    return error.what();
  }
  return {};
}

TEST(ImageFile, PngAndTiffComeBackAsTheyWere) {
  const TemporaryFolder folder;
  const core::Image image = gradient(61, 47);
  write_png(folder / "patch[1010].png", image);  // libvips takes "[…]" at the end of a name for options
  EXPECT_TRUE(read_rgb(folder / "patch[1010].png") == image);
  std::filesystem::rename(folder / "patch[1010].png", folder / "patch[1010]");
  EXPECT_TRUE(read_rgb(folder / "patch[1010]") == image);
  EXPECT_EQ(read_size(folder / "patch[1010]"), (core::Size{61, 47}));

  RasterWriter writer(folder / "patch.tif", {61, 47}, 3, {});
  writer.add_rows(image.data(), 47);
  writer.finish();
  EXPECT_TRUE(read_rgb(folder / "patch.tif") == image);
}

TEST(ImageFile, JpegComesBackNearly) {
  const TemporaryFolder folder;
  core::Image image(64, 64, 3);
  fill_rect(image, {0, 0, 64, 64}, {200, 120, 180});
  write_jpeg(folder / "patch.jpg", image, 95);
  const core::Image back = read_rgb(folder / "patch.jpg");
  for (int c = 0; c < 3; ++c) EXPECT_NEAR(back.at(30, 30)[c], image.at(30, 30)[c], 3);
}

TEST(ImageFile, GreyAndPalettesBecomeRgb) {
  const TemporaryFolder folder;
  core::Image grey(5, 4, 1, 77);
  write_png(folder / "grey.png", grey);
  EXPECT_TRUE(read_rgb(folder / "grey.png") == core::Image(5, 4, 3, 77));
  write_labels_png(folder / "indexed.png", core::Image(5, 4, 1, 1), {{1, 2, 3}, {40, 50, 60}});
  const core::Image rgb = read_rgb(folder / "indexed.png");
  ASSERT_EQ(rgb.channels(), 3);
  EXPECT_EQ((core::Colour{rgb.at(4, 3)[0], rgb.at(4, 3)[1], rgb.at(4, 3)[2]}), (core::Colour{40, 50, 60}));
}

TEST(ImageFile, EveryCutOfAFileIsAnError) {
  const TemporaryFolder folder;
  core::Image image = gradient(160, 160);
  write_png(folder / "whole.png", image);
  write_jpeg(folder / "whole.jpg", image);
  RasterWriter writer(folder / "whole.tif", {160, 160}, 3, {});
  writer.add_rows(image.data(), 160);
  writer.finish();
  for (const std::string suffix : {".png", ".jpg", ".tif"}) {
    const std::string bytes = core::read_text_file(folder / ("whole" + suffix));
    const std::filesystem::path cut = folder / ("cut" + suffix);
    for (const double share : {0.0, 0.001, 0.02, 0.3, 0.6, 0.9}) {
      write_bytes(cut, bytes.substr(0, static_cast<std::size_t>(share * static_cast<double>(bytes.size()))));
      const std::string error = error_of_reading(cut);
      EXPECT_THAT(error, StartsWith("reading " + cut.string() + ": ")) << share;
      EXPECT_EQ(error.find('\n'), std::string::npos);
    }
  }
}

TEST(ImageFile, DamageInTheMiddleIsAnError) {
  const TemporaryFolder folder;
  write_png(folder / "image.png", gradient(160, 160));
  std::string bytes = core::read_text_file(folder / "image.png");
  for (std::size_t i = bytes.size() / 2; i < bytes.size() / 2 + 20; ++i) bytes[i] = static_cast<char>(bytes[i] ^ 0x5a);
  write_bytes(folder / "image.png", bytes);
  EXPECT_THAT(error_of_reading(folder / "image.png"), HasSubstr("image.png: "));
}

TEST(ImageFile, AGiganticHeaderAllocatesNothing) {
  const TemporaryFolder folder;
  write_png(folder / "image.png", gradient(16, 16));
  std::string bytes = core::read_text_file(folder / "image.png");
  // IHDR: 60,000 × 60,000, and its checksum as it must then be
  bytes.replace(16, 8, std::string("\x00\x00\xea\x60\x00\x00\xea\x60", 8));
  std::uint32_t crc = 0xffffffffU;
  for (std::size_t i = 12; i < 29; ++i) {
    crc ^= static_cast<std::uint8_t>(bytes[i]);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320U : 0U);
  }
  crc = ~crc;
  for (std::size_t i = 0; i < 4; ++i) bytes[29 + i] = static_cast<char>(crc >> (24 - 8 * i));
  write_bytes(folder / "image.png", bytes);
  EXPECT_EQ(read_size(folder / "image.png"), (core::Size{60000, 60000}));
  EXPECT_THAT(error_of_reading(folder / "image.png"), HasSubstr("60000 x 60000 pixels are too many"));
}

TEST(ImageFile, SaysWhatIsNoImage) {
  const TemporaryFolder folder;
  write_bytes(folder / "text.png", "hello");
  write_bytes(folder / "vector.png", "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"></svg>");
  EXPECT_THAT(error_of_reading(folder / "text.png"), HasSubstr("is not a PNG, JPEG or TIFF image"));
  EXPECT_THAT(error_of_reading(folder / "vector.png"), HasSubstr("is not a PNG, JPEG or TIFF image"));
  EXPECT_THAT(error_of_reading(folder.path()), HasSubstr("is a folder"));
  EXPECT_THAT(error_of_reading(folder / "absent.png"), HasSubstr("No such file"));
  EXPECT_THROW(write_png(folder / "no" / "image.png", core::Image(2, 2, 3)), core::Error);
}

TEST(ImageFile, SaysThatTheDiskIsFull) {
  const TemporaryFolder folder;
  const core::Image image = gradient(300, 300);
  const testing::FileSizeLimit limit(2000);
  for (const auto& write : {+[](const std::filesystem::path&path, const core::Image&pixels) { write_png(path, pixels); },
                            +[](const std::filesystem::path&path, const core::Image&pixels) { write_jpeg(path, pixels); }}) {
    try {
      write(folder / "image", image);
      ADD_FAILURE() << "no error";
    } catch (const core::Error& error) {
      EXPECT_THAT(error.what(), StartsWith("writing " + (folder / "image").string() + ": "));
      EXPECT_THAT(error.what(), HasSubstr("File too large"));
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
}

TEST(ImageFile, ReadsRealPatches) {
  WSI_LPD_NEEDS_DATA(data);
  int read = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data)) {
    if (entry.path().extension() != ".png" || entry.path().string().find("broken") != std::string::npos) continue;
    const core::Image image = read_rgb(entry.path());
    EXPECT_EQ((core::Size{image.width(), image.height()}), read_size(entry.path()));
    if (++read == 20) break;
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace wsi_lpd::image
