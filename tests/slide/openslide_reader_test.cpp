#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "slide/position_slide.hpp"
#include "test_data.hpp"
#include "wsi_lpd/slide/archive_file.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::slide {
namespace {

using testing::colour_at;
using ::testing::HasSubstr;
using testing::position_picture;
using testing::TemporaryFolder;
using testing::write_slide;

image::PyramidOptions small_tiles(double mpp = 0.5) {
  image::PyramidOptions options;
  options.tile = 64;
  options.mpp = mpp;
  return options;
}

core::Image read(const Reader& reader, int level, const core::Rect& region) {
  core::Image result(region.width, region.height, 3);
  reader.read(level, region, result.view());
  return result;
}

std::string error_of(const std::filesystem::path& path, const OpenOptions& options = {}) {
  try {
    open(path, options);
  } catch (const core::Error& error) {
    return error.what();
  }
  return "opened";
}

int differences(const core::Image& read, const core::Rect& region, const core::Image& picture) {
  int count = 0;
  for (std::int64_t y = 0; y < region.height; ++y) {
    for (std::int64_t x = 0; x < region.width; ++x) count += colour_at(read, x, y) != colour_at(picture, region.x + x, region.y + y);
  }
  return count;
}

TEST(OpenSlideReader, ReadsEveryPixelOfLevel0AndBackgroundPastTheEdges) {
  TemporaryFolder folder;
  const core::Image picture = position_picture({701, 333});
  write_slide(folder / "a.tif", picture, small_tiles());
  const auto reader = open(folder / "a.tif");
  EXPECT_EQ(reader->properties().vendor, "generic-tiff");
  EXPECT_EQ(reader->properties().bounds, (core::Rect{0, 0, 701, 333}));
  for (const core::Rect& region :
       {core::Rect{0, 0, 701, 333}, core::Rect{-20, -30, 100, 70}, core::Rect{650, 300, 120, 90}, core::Rect{63, 65, 1, 1},
        core::Rect{700, 332, 1, 1}, core::Rect{-50, -50, 20, 20}, core::Rect{5000, 10, 30, 20}, core::Rect{-10, -10, 800, 400}}) {
    EXPECT_EQ(differences(read(*reader, 0, region), region, picture), 0) << region.x << "," << region.y;
  }
}

TEST(OpenSlideReader, ReadsRegionsLargerThanOpenSlidesOwnPieces) {
  TemporaryFolder folder;
  const core::Image picture = position_picture({9001, 130});
  write_slide(folder / "a.tif", picture, small_tiles());
  const core::Rect region{-7, -5, 9020, 140};
  EXPECT_EQ(differences(read(*open(folder / "a.tif"), 0, region), region, picture), 0);
}

// The reported ratio is the mean of both axes' rounded ones: far off for a long, flat slide. Pixels must come from their place all the
// same.
TEST(OpenSlideReader, LowerLevelsHaveIntegerFactorsAndNoDrift) {
  TemporaryFolder folder;
  write_slide(folder / "a.tif", position_picture({20001, 301}), small_tiles());
  const auto reader = open(folder / "a.tif");
  const auto& levels = reader->properties().levels;
  ASSERT_GE(levels.size(), 5U);
  for (int level = 0; level < 5; ++level) {
    const Level& info = levels[static_cast<std::size_t>(level)];
    const std::int64_t factor = std::int64_t{1} << level;
    EXPECT_EQ(info.downsample_x, static_cast<double>(factor));
    EXPECT_EQ(info.downsample_y, static_cast<double>(factor));
    for (const std::int64_t x : {std::int64_t{8}, info.size.width / 2, info.size.width - 40}) {
      const core::Rect region{x, 2, 32, 12};
      const core::Image pixels = read(*reader, level, region);
      for (std::int64_t j = 0; j < region.height; ++j) {
        for (std::int64_t i = 0; i < region.width; ++i) {
          // Twice the place of the centre of the pixels that became one; not at the sawtooth's jumps, where OpenSlide interpolates over
          // them.
          const std::int64_t red = (2 * (region.x + i) + 1) * factor - 1, green = (2 * (region.y + j) + 1) * factor - 1;
          const std::int64_t margin = 3 * factor;
          const auto near_jump = [&](std::int64_t value) { return (value & 255) < margin || (value & 255) > 255 - margin; };
          if (near_jump(red) || near_jump(green)) continue;
          ASSERT_NEAR(pixels.at(i, j)[0], red & 255, 2) << "level " << level << " x " << region.x + i;
          ASSERT_NEAR(pixels.at(i, j)[1], green & 255, 2) << "level " << level << " y " << region.y + j;
        }
      }
    }
  }
}

TEST(OpenSlideReader, ResolutionIsGivenOrTakenFromTagsOrUnknown) {
  TemporaryFolder folder;
  write_slide(folder / "tags.tif", position_picture({100, 100}), small_tiles(0.31));
  write_slide(folder / "none.tif", position_picture({100, 100}), small_tiles(0));
  write_slide(folder / "absurd.tif", position_picture({100, 100}), small_tiles(1000));
  const auto tags = open(folder / "tags.tif");
  EXPECT_NEAR(tags->properties().mpp.value(), 0.31, 1e-6);
  EXPECT_EQ(tags->properties().mpp_source, "tiff tags");
  const auto given = open(folder / "tags.tif", {.mpp = 0.25});
  EXPECT_EQ(given->properties().mpp, 0.25);
  EXPECT_EQ(given->properties().mpp_source, "given");
  for (const char* name : {"none.tif", "absurd.tif"}) {
    EXPECT_FALSE(open(folder / name)->properties().mpp) << name;
    EXPECT_EQ(open(folder / name)->properties().mpp_source, "unknown");
  }
  EXPECT_THROW(open(folder / "tags.tif", {.mpp = 50}), core::UsageError);
  EXPECT_THROW(open(folder / "tags.tif", {.mpp = std::nan("")}), core::UsageError);
}

TEST(OpenSlideReader, SaysWhyAFileIsNoSlide) {
  TemporaryFolder folder;
  std::ofstream(folder / "text.svs") << "not a slide at all";
  std::ofstream(folder / "empty.tif").flush();
  EXPECT_THAT(error_of(folder / "absent.svs"), HasSubstr("No such file"));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("is a folder"));
  EXPECT_THAT(error_of(folder / "text.svs"), HasSubstr("not a slide"));
  EXPECT_THAT(error_of(folder / "empty.tif"), HasSubstr("is empty"));
  EXPECT_FALSE(is_slide(folder / "text.svs"));
  EXPECT_FALSE(is_slide(folder.path()));
  EXPECT_FALSE(is_slide(folder / "absent.svs"));
  write_slide(folder / "good.tif", position_picture({100, 100}), small_tiles());
  EXPECT_TRUE(is_slide(folder / "good.tif"));
}

TEST(OpenSlideReader, ReadsFromSeveralThreads) {
  TemporaryFolder folder;
  const core::Image picture = position_picture({800, 600});
  write_slide(folder / "a.tif", picture, small_tiles());
  const auto reader = open(folder / "a.tif");
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 60; ++i) {
        const core::Rect region{(i * 131 + t * 57) % 760 - 20, (i * 71 + t * 97) % 580 - 20, 90, 70};
        wrong += differences(read(*reader, 0, region), region, picture);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(OpenSlideReader, OpensRealSlides) {
  WSI_LPD_NEEDS_DATA(data);
  const auto aperio = open(data / "slides/CMU-1-Small-Region.svs");
  EXPECT_EQ(aperio->properties().levels.front().size, (core::Size{2220, 2967}));
  EXPECT_NEAR(aperio->properties().mpp.value(), 0.499, 1e-9);
  EXPECT_EQ(aperio->properties().mpp_source, "slide");
  EXPECT_EQ(aperio->properties().objective_power, 20);

  const auto jpeg2000 = open(data / "slides/tcga-cr-7395-01a-01-ts1.svs");
  ASSERT_EQ(jpeg2000->properties().levels.size(), 2U);
  EXPECT_EQ(jpeg2000->properties().levels[1].downsample_x, 2);  // reported: 2.0005
  EXPECT_EQ(jpeg2000->properties().levels[1].downsample_y, 2);
  EXPECT_EQ(jpeg2000->properties().mpp_source, "unknown");
  // Both levels show the same tissue at the far corner.
  const core::Image fine = read(*jpeg2000, 0, {4000, 3200, 400, 300}), coarse = read(*jpeg2000, 1, {2000, 1600, 200, 150});
  core::Image shrunk(200, 150, 3);
  core::resample_area(fine.view(), 0, 0, 2, 2, shrunk.view());
  double difference = 0;
  for (std::size_t i = 0; i < shrunk.bytes(); ++i) difference += std::abs(shrunk.data()[i] - coarse.data()[i]);
  EXPECT_LT(difference / static_cast<double>(shrunk.bytes()), 6);

  const auto generic = open(data / "slides/oral-scc.tif");
  EXPECT_FALSE(generic->properties().mpp);  // its tags say 1000 µm/px
  EXPECT_EQ(open(data / "slides/oral-scc.tif", {.mpp = 0.5})->properties().mpp, 0.5);
}

TEST(OpenSlideReader, BrokenFilesAreErrors) {
  WSI_LPD_NEEDS_DATA(data);
  EXPECT_THAT(error_of(data / "broken/broken.svs"), HasSubstr("not a slide"));
  EXPECT_THAT(error_of(data / "broken/unopenable.tiff"), HasSubstr("compression"));
  const std::filesystem::path unreadable = data / "broken/unreadable.svs";
  if (library_version().starts_with("OpenSlide 3.")) {
    EXPECT_THAT(error_of(unreadable), HasSubstr("smaller than one of its tiles"));
  } else {
    EXPECT_THROW(read(*open(unreadable), 0, {0, 0, 16, 16}), ReadError);
  }
}

}  // namespace
}  // namespace wsi_lpd::slide
