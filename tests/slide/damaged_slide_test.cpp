#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <thread>

#include "slide/position_slide.hpp"
#include "test_data.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"
#include "wsi_lpd/slide/tissue.hpp"

namespace wsi_lpd::slide {
namespace {

using testing::TemporaryFolder;

constexpr std::int64_t kTile = 128, kTiles = 8;

/// Noise, which Deflate can't shrink, so that every tile takes its share of the file.
core::Image noise_picture() {
  core::Image picture(kTile * kTiles, kTile * kTiles, 3);
  std::mt19937 random(1);
  for (std::size_t i = 0; i < picture.bytes(); ++i) picture.data()[i] = static_cast<std::uint8_t>(random());
  return picture;
}

class DamagedSlide : public ::testing::Test {
 protected:
  void SetUp() override {
    image::PyramidOptions options;
    options.tile = kTile;
    testing::write_slide(path_, picture_, options);
  }

  /// Level 0 fills the first three quarters of the file: this hits one of its tiles, or two.
  void damage() const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path_) * 4 / 10));
    for (int i = 0; i < 2000; ++i) file.put('\xAA');
  }

  /// Writes another value into a tag of the first image. The file is a BigTIFF of this machine's byte order, as we write it.
  void set_tag(std::uint16_t wanted, std::uint32_t value) const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    const auto get = [&]<typename T>(std::uint64_t at, T result) {
      file.seekg(static_cast<std::streamoff>(at));
      file.read(reinterpret_cast<char*>(&result), sizeof result);
      return result;
    };
    const auto directory = get(8, std::uint64_t{});
    const auto entries = get(directory, std::uint64_t{});
    for (std::uint64_t i = 0; i < entries; ++i) {
      const std::uint64_t entry = directory + 8 + 20 * i;
      if (get(entry, std::uint16_t{}) != wanted) continue;
      const std::uint16_t long_type = 4;
      file.seekp(static_cast<std::streamoff>(entry + 2));
      file.write(reinterpret_cast<const char*>(&long_type), sizeof long_type);
      file.seekp(static_cast<std::streamoff>(entry + 12));
      file.write(reinterpret_cast<const char*>(&value), sizeof value);
      return;
    }
    FAIL() << "no tag " << wanted;
  }

  std::string error_on_opening() const {
    try {
      open(path_);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "opened";
  }

  /// 0 read right, 1 read wrong, 2 ReadError
  int state(const Reader& reader, std::int64_t tile) const {
    const core::Rect region{tile % kTiles * kTile, tile / kTiles * kTile, kTile, kTile};
    core::Image pixels(kTile, kTile, 3);
    try {
      reader.read(0, region, pixels.view());
    } catch (const ReadError&) {
      return 2;
    }
    for (std::int64_t y = 0; y < kTile; ++y) {
      if (!std::equal(pixels.at(0, y), pixels.at(0, y) + kTile * 3, picture_.at(region.x, region.y + y))) return 1;
    }
    return 0;
  }

  std::vector<int> states(const Reader& reader) const {
    std::vector<int> result;
    for (std::int64_t tile = 0; tile < kTiles * kTiles; ++tile) result.push_back(state(reader, tile));
    return result;
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "a.tif";
  core::Image picture_ = noise_picture();
};

TEST_F(DamagedSlide, OnlyWhatIsDamagedCannotBeRead) {
  damage();
  const auto reader = open(path_);
  const auto found = states(*reader);
  const auto unreadable = std::count(found.begin(), found.end(), 2);
  EXPECT_GE(unreadable, 1);
  EXPECT_LE(unreadable, 2);
  EXPECT_EQ(std::count(found.begin(), found.end(), 0), kTiles * kTiles - unreadable);
  EXPECT_EQ(states(*reader), found);
}

TEST_F(DamagedSlide, OneThreadsDamageIsNotAnothers) {
  damage();
  const auto reader = open(path_);
  const auto expected = states(*reader);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::int64_t i = 0; i < 4 * kTiles * kTiles; ++i) {
        const std::int64_t tile = (i * (2 * t + 1) + t * 13) % (kTiles * kTiles);
        wrong += state(*reader, tile) != expected[static_cast<std::size_t>(tile)];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(DamagedSlide, ThumbnailTellsWhatItMissesAndTissueKeepsIt) {
  damage();
  const auto reader = open(path_);
  std::vector<core::Rect> unreadable;
  const core::Image whole = thumbnail(*reader, kTile * kTiles, &unreadable);
  ASSERT_FALSE(unreadable.empty());
  EXPECT_LE(unreadable.size(), 2U);
  const core::Rect& part = unreadable.front();
  EXPECT_EQ(*whole.at(part.x, part.y), 255);
  const core::TissueMask tissue = find_tissue(core::Image(512, 512, 3, 240), {0, 0, 1024, 1024}, 0, {}, {{64, 64, 64, 64}});
  EXPECT_TRUE(tissue.at(130, 130));
  EXPECT_FALSE(tissue.at(300, 130));
}

TEST_F(DamagedSlide, SurvivesTruncationAndLossWhileOpen) {
  const auto reader = open(path_);
  EXPECT_EQ(state(*reader, 0), 0);
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
  EXPECT_EQ(state(*reader, kTiles * kTiles - 1), 2);
  std::filesystem::remove(path_);
  for (std::int64_t tile = 0; tile < kTiles * kTiles; ++tile) EXPECT_NE(state(*reader, tile), 1);
}

TEST_F(DamagedSlide, AnotherSlideInItsPlaceIsAnError) {
  const auto reader = open(path_);
  damage();
  const auto found = states(*open(path_));
  const auto bad = std::find(found.begin(), found.end(), 2) - found.begin();
  testing::write_slide(path_, testing::position_picture({300, 300}), {});
  try {
    for (std::int64_t tile = 0; tile < kTiles * kTiles; ++tile) {
      core::Image pixels(kTile, kTile, 3);
      reader->read(0, {tile % kTiles * kTile, tile / kTiles * kTile, kTile, kTile}, pixels.view());
    }
    FAIL() << "read as if nothing had happened, damaged tile " << bad;
  } catch (const ReadError& error) {
    EXPECT_NE(std::string(error.what()).find("replaced"), std::string::npos) << error.what();
  }
}

constexpr std::uint16_t kImageWidth = 256, kImageLength = 257;

TEST_F(DamagedSlide, HeaderOfAGiganticImageIsRefusedOnOpening) {
  set_tag(kImageWidth, 4'000'000'000U);
  set_tag(kImageLength, 4'000'000'000U);
  const std::string error = error_on_opening();
  EXPECT_THAT(error, ::testing::HasSubstr(path_.string() + ": "));
}

TEST_F(DamagedSlide, HeaderOfALargerImageThanTheFileHoldsIsRefusedOrUnreadable) {
  set_tag(kImageWidth, 200'000);
  if (const std::string error = error_on_opening(); error != "opened") {
    EXPECT_THAT(error, ::testing::HasSubstr(path_.string() + ": "));
    return;
  }
  const auto reader = open(path_);
  core::Image pixels(kTile, kTile, 3);
  EXPECT_THROW(reader->read(0, {199'000, 900, kTile, kTile}, pixels.view()), ReadError);
}

TEST_F(DamagedSlide, SlideWithoutLevelsIsRefusedOnOpening) {
  set_tag(kImageWidth, 0);
  const std::string error = error_on_opening();
  EXPECT_THAT(error, ::testing::HasSubstr(path_.string() + ": "));
  EXPECT_NE(error, "opened");
}

}  // namespace
}  // namespace wsi_lpd::slide
