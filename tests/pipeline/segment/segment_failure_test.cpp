// Slides that are damaged, change or fail on the way: what is marked, what is refused, and that nothing is left behind.
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "image/file_size_limit.hpp"
#include "image/test_tiff.hpp"
#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/output/statistics_file.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using testing::IdentitySegmenter;
using testing::kPaint;
using testing::TemporaryFolder;
using testing::write_slide;

/// Overwrites the bytes of `file` from `begin` to `end` (shares of its length).
void damage(const std::filesystem::path& file, double begin, double end) {
  const auto size = static_cast<double>(std::filesystem::file_size(file));
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(size * begin));
  stream << std::string(static_cast<std::size_t>(size * (end - begin)), '\x5a');
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

TEST(SegmentSlide, MarksUnreadableTilesAndRefusesTooMany) {
  const TemporaryFolder folder;
  std::mt19937 random(7);
  write_slide(folder / "slide.tif", {2000, 2000}, 0.5, [&](std::int64_t, std::int64_t) {
    core::Colour colour = kPaint[2];
    colour.red = static_cast<std::uint8_t>(colour.red + random() % 3);  // so that the file has some length to damage
    return colour;
  });
  damage(folder / "slide.tif", 0.3, 0.32);
  IdentitySegmenter network(8, 0.5);
  core::SilentObserver observer;
  std::filesystem::create_directory(folder / "out");
  const SlideJob job{folder / "slide.tif", folder.path() / "out" / "result", {}};
  const auto statistics =
      segment_slide(job, network, {.overlap = 0, .tissue = "none", .max_unreadable = 0.5}, kIdentity, {observer, kNever});
  EXPECT_GT(statistics.tiles_unreadable, 0);
  EXPECT_GT(statistics.unreadable_pixels, 0);
  EXPECT_EQ(statistics.tiles_read + statistics.tiles_unreadable, statistics.tiles_planned);
  const core::Image labels = image::read_labels(folder.path() / "out" / "result.tif");
  EXPECT_EQ(std::count(labels.data(), labels.data() + labels.bytes(), core::kUnreadable), statistics.unreadable_pixels);
  EXPECT_EQ(std::count(labels.data(), labels.data() + labels.bytes(), 3), statistics.per_class[2].pixels);
  // Deflate can't tell all damage: the file's tile in which it begins may decode to other colours.
  EXPECT_GE(statistics.per_class[2].pixels + statistics.unreadable_pixels, 2000 * 2000 - 256 * 256);

  std::filesystem::remove_all(folder / "out");
  std::filesystem::create_directory(folder / "out");
  EXPECT_THROW(segment_slide(job, network, {.overlap = 0, .tissue = "none", .max_unreadable = 0}, kIdentity, {observer, kNever}),
               core::Error);
  EXPECT_EQ(files_in(folder / "out"), 0U);
}

/// A whole run over a real slide whose tile `index` is zeros: that alone is marked, listed, and the rest of the mask is as without damage.
void expect_damage_is_local(const std::filesystem::path& slide, std::uint32_t index) {
  const TemporaryFolder folder;
  const std::filesystem::path copy = folder / slide.filename().string();
  std::filesystem::copy_file(slide, copy);
  std::filesystem::permissions(copy, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
  IdentitySegmenter network(8, 0.5, false);
  core::SilentObserver observer;
  const SegmentOptions options{.overlap = 0, .tissue = "none"};
  segment_slide({copy, folder / "whole", 0.5}, network, options, kIdentity, {observer, kNever});
  testing::damage_tile(copy, index);
  const auto statistics = segment_slide({copy, folder / "damaged", 0.5}, network, options, kIdentity, {observer, kNever});
  EXPECT_GE(statistics.tiles_unreadable, 1);
  EXPECT_LE(statistics.tiles_unreadable, 9);
  EXPECT_EQ(statistics.unreadable_positions.size(), static_cast<std::size_t>(statistics.tiles_unreadable));
  const auto written = output::read_statistics(folder / "damaged.json");
  ASSERT_TRUE(written);
  EXPECT_EQ(written->unreadable_positions, statistics.unreadable_positions);
  const core::Image whole = image::read_labels(folder / "whole.tif"), damaged = image::read_labels(folder / "damaged.tif");
  const auto in_unreadable = [&](std::int64_t x,
                                 std::int64_t y) {  // and one cell beside, between whose centres and theirs labels are interpolated
    return std::ranges::any_of(statistics.unreadable_positions, [&](const auto& at) {
      return x >= at[0] - 8 && x < at[0] + 224 + 8 && y >= at[1] - 8 && y < at[1] + 224 + 8;
    });
  };
  std::int64_t marked = 0, changed = 0;
  for (std::int64_t y = 0; y < whole.height(); ++y) {
    for (std::int64_t x = 0; x < whole.width(); ++x) {
      marked += *damaged.at(x, y) == core::kUnreadable;
      changed += *damaged.at(x, y) != *whole.at(x, y) && !in_unreadable(x, y);
    }
  }
  EXPECT_EQ(marked, statistics.unreadable_pixels);
  EXPECT_GT(marked, 0);
  EXPECT_EQ(changed, 0);
  EXPECT_THROW(segment_slide({copy, folder / "strict", 0.5}, network, {.overlap = 0, .tissue = "none", .max_unreadable = 0}, kIdentity,
                             {observer, kNever}),
               core::Error);
  EXPECT_FALSE(std::filesystem::exists(folder / "strict.tif"));
}

TEST(SegmentSlide, MarksAndListsDamagedTilesOfAJpegSlide) {
  WSI_LPD_NEEDS_DATA(data);
  expect_damage_is_local(data / "slides/CMU-1-Small-Region.svs", 64);
}

TEST(SegmentSlide, MarksAndListsDamagedTilesOfAJpeg2000Slide) {
  WSI_LPD_NEEDS_DATA(data);
  expect_damage_is_local(data / "slides/tcga-cr-7395-01a-01-ts1.svs", 130);
}

/// Does something to the slide once the first tiles are done.
struct Meddler : core::SilentObserver {
  explicit Meddler(std::function<void()> what) : what_(std::move(what)) {}
  void advance(std::int64_t, const std::string&) override {
    if (what_) what_();
    what_ = nullptr;
  }
  std::function<void()> what_;
};

TEST(SegmentSlide, RefusesASlideThatIsReplacedTruncatedOrRemovedMeanwhile) {
  for (const int how : {0, 1, 2}) {
    const TemporaryFolder folder;
    const auto paint = [](std::size_t which) { return [which](auto, auto) { return kPaint[which]; }; };
    write_slide(folder / "slide.tif", {1200, 1200}, 0.5, paint(0));
    write_slide(folder / "other.tif", {1200, 1200}, 0.5, paint(1));
    std::filesystem::create_directory(folder / "out");
    IdentitySegmenter network(8, 0.5);
    Meddler observer([&] {
      if (how == 0) std::filesystem::rename(folder / "other.tif", folder / "slide.tif");
      if (how == 1) std::filesystem::resize_file(folder / "slide.tif", 1000);
      if (how == 2) std::filesystem::remove(folder / "slide.tif");
    });
    try {
      segment_slide({folder / "slide.tif", folder.path() / "out" / "result", {}}, network, {.batch_size = 2, .tissue = "none", .tokens = 1},
                    kIdentity, {observer, kNever});
      ADD_FAILURE() << "gave a result, way " << how;
    } catch (const core::Error& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("slide.tif"));
    }
    EXPECT_EQ(files_in(folder / "out"), 0U) << how;
  }
}

TEST(SegmentSlide, LeavesNothingWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  std::mt19937 random(8);
  write_slide(folder / "slide.tif", {1500, 1500}, 0.5, [&](auto, auto) { return kPaint[random() % 3]; });
  std::filesystem::create_directory(folder / "out");
  IdentitySegmenter network(1, 0.5);
  core::SilentObserver observer;
  const testing::FileSizeLimit limit(100'000);
  EXPECT_THROW(segment_slide({folder / "slide.tif", folder.path() / "out" / "result", {}}, network, {.tissue = "none"}, kIdentity,
                             {observer, kNever}),
               core::Error);
  EXPECT_EQ(files_in(folder / "out"), 0U);
}

struct Stopper : core::SilentObserver {
  core::CancelFlag cancel{false};
  void advance(std::int64_t done, const std::string&) override {
    if (done > 4) cancel = true;
  }
};

TEST(SegmentSlide, LeavesNothingWhenStopped) {
  const TemporaryFolder folder;
  write_slide(folder / "slide.tif", {1200, 1200}, 0.5, [](auto, auto) { return kPaint[0]; });
  std::filesystem::create_directory(folder / "out");
  IdentitySegmenter network(8, 0.5);
  Stopper observer;
  EXPECT_THROW(segment_slide({folder / "slide.tif", folder.path() / "out" / "result", {}}, network, {.batch_size = 2, .tissue = "none"},
                             kIdentity, {observer, observer.cancel}),
               core::Cancelled);
  EXPECT_EQ(files_in(folder / "out"), 0U);
}

#ifdef __GLIBC__
struct Failing : core::SilentObserver {
  void advance(std::int64_t, const std::string&) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // in which other batches come to wait for their turn
    throw core::Error("enough");
  }
};

// A batch of a thousand slides may have many that fail half-way, with tiles and their maps under way.
TEST(SegmentSlide, GivesMemoryBackWhenItFails) {
  const TemporaryFolder folder;
  write_slide(folder / "slide.tif", {1200, 1200}, 0.5, [](auto, auto) { return kPaint[0]; });
  IdentitySegmenter network(1, 0.5);
  const auto memory_after_failure = [&] {
    Failing observer;
    EXPECT_THROW(segment_slide({folder / "slide.tif", folder / "result", {}}, network,
                               {.batch_size = 2, .tissue = "none", .threads = 2, .tokens = 8}, kIdentity, {observer, kNever}),
                 core::Error);
    const auto used = mallinfo2();
    return static_cast<double>(used.uordblks + used.hblkhd);
  };
  const double first = memory_after_failure();
  double last = first;
  for (int i = 0; i < 10; ++i) last = memory_after_failure();
  EXPECT_LT(last - first, 2e6);  // maps of two tiles are 1.2 MB
}
#endif

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
