#include "wsi_lpd/pipeline/segment.hpp"

#include <malloc.h>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "identity_segmenter.hpp"
#include "image/file_size_limit.hpp"
#include "image/test_tiff.hpp"
#include "run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/output/overlay.hpp"

namespace wsi_lpd::pipeline {
namespace {

using testing::IdentitySegmenter;
using testing::kPaint;
using testing::TemporaryFolder;
using testing::write_slide;

/// A painting of random class values, constant on cells of `cell` pixels.
struct Painting {
  std::int64_t cell;
  std::int64_t columns;
  std::vector<std::uint8_t> classes;
  Painting(Size size, std::int64_t cell_size, unsigned seed)
      : cell(cell_size),
        columns(divide_up(size.width, cell_size)),
        classes(static_cast<std::size_t>(columns * divide_up(size.height, cell_size))) {
    std::mt19937 random(seed);
    for (auto& value : classes) value = static_cast<std::uint8_t>(random() % kPaint.size());
  }
  std::uint8_t at(std::int64_t x, std::int64_t y) const { return classes[static_cast<std::size_t>(y / cell * columns + x / cell)]; }
};

struct Case {
  int output_unit, level0_unit;  // output pixels and level-0 pixels of equal length
  Size units;                    // size of the slide
  std::int64_t cell;             // output pixels on which the painting is constant
  int tile;
  double overlap;
  Blend blend;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.units.width * c.output_unit << "x" << c.units.height * c.output_unit << " at " << c.output_unit << ":" << c.level0_unit
       << " tile " << c.tile;
}

class IdentityNetwork : public ::testing::TestWithParam<Case> {};

// The painting comes back exactly: right place, right scale, no seam, to the last odd pixel, at every level that another reader sees.
TEST_P(IdentityNetwork, GivesThePaintingBackAtEveryLevel) {
  const Case c = GetParam();
  const TemporaryFolder folder;
  const Size output{c.units.width * c.output_unit, c.units.height * c.output_unit};
  const Size level0{c.units.width * c.level0_unit, c.units.height * c.level0_unit};
  const Painting painting(output, c.cell, 5);
  write_slide(folder / "slide.tif", level0, 0.5, [&](std::int64_t x, std::int64_t y) {
    return kPaint[painting.at(x * c.output_unit / c.level0_unit, y * c.output_unit / c.level0_unit)];
  });
  IdentitySegmenter network(1, 0.5 * c.level0_unit / c.output_unit);
  SilentObserver observer;
  const auto statistics = segment_slide({folder / "slide.tif", folder.path() / "out" / "result", {}}, network,
                                        {.tile = c.tile, .overlap = c.overlap, .batch_size = 5, .blend = c.blend, .tissue = "none"},
                                        kIdentity, observer, kNever);
  EXPECT_EQ(statistics.frame.size, output);
  EXPECT_EQ(statistics.tissue_pixels, output.area());

  const Image labels = image::read_labels(folder.path() / "out" / "result.tif");
  ASSERT_EQ((Size{labels.width(), labels.height()}), output);
  for (std::int64_t y = 0; y < output.height; ++y) {
    for (std::int64_t x = 0; x < output.width; ++x) ASSERT_EQ(*labels.at(x, y), painting.at(x, y) + 1) << x << ' ' << y;
  }
  const auto reader = slide::open(folder.path() / "out" / "result.tif");
  const auto palette = output::result_palette(network.shape().classes);
  EXPECT_NEAR(reader->properties().mpp.value_or(0), statistics.frame.mpp, 1e-3);
  for (std::size_t level = 0; level < reader->properties().levels.size(); ++level) {
    const Size size = reader->properties().levels[level].size;
    if ((c.cell >> level) == 0 || c.cell % (std::int64_t{1} << level) != 0) break;
    Image pixels(size.width, size.height, 3);
    reader->read(static_cast<int>(level), {0, 0, size.width, size.height}, pixels.view());
    for (std::int64_t y = 0; y < size.height; ++y) {
      for (std::int64_t x = 0; x < size.width; ++x) {
        const Colour expected = palette[painting.at(x << level, y << level) + 1U];
        const auto* pixel = pixels.at(x, y);
        ASSERT_EQ((Colour{pixel[0], pixel[1], pixel[2]}), expected) << "level " << level << ", " << x << ' ' << y;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ratios, IdentityNetwork,
    ::testing::Values(Case{1, 1, {1301, 1103}, 16, 224, 0.25, Blend::Window}, Case{1, 2, {1301, 611}, 16, 160, 0.25, Blend::Window},
                      Case{1, 1, {333, 217}, 1, 64, 0, Blend::Window}, Case{1, 1, {333, 217}, 1, 96, 0.5, Blend::Crop},
                      Case{2, 3, {81, 67}, 2, 64, 0.3, Blend::Window}, Case{1, 3, {85, 77}, 1, 64, 0.3, Blend::Window},
                      Case{2, 1, {201, 155}, 2, 128, 0.25, Blend::Crop}, Case{5, 4, {51, 37}, 5, 64, 0.6, Blend::Window},
                      Case{1, 1, {17, 16}, 1, 64, 0.25, Blend::Window}, Case{1, 4, {128, 300}, 1, 64, 0.25, Blend::Window}));

// The network's own grid (stride 8): stripes of whole cells have their borders exactly between cells. The last cells are cut by the frame,
// but not through their middle pixel, which is all that this network looks at.
TEST(IdentityNetworkOnGrid, GivesStripesBackExactly) {
  for (const bool vertical : {true, false}) {
    const TemporaryFolder folder;
    const Size size{613, 405};
    const auto stripe = [&](std::int64_t x, std::int64_t y) {
      return static_cast<std::size_t>((vertical ? x : y) / 8 * 7 / 3) % kPaint.size();
    };
    write_slide(folder / "slide.tif", size, 0.5, [&](std::int64_t x, std::int64_t y) { return kPaint[stripe(x, y)]; });
    IdentitySegmenter network(8, 0.5);
    SilentObserver observer;
    segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.tissue = "none"}, kIdentity, observer, kNever);
    const Image labels = image::read_labels(folder / "result.tif");
    for (std::int64_t y = 0; y < size.height; ++y) {
      for (std::int64_t x = 0; x < size.width; ++x) ASSERT_EQ(*labels.at(x, y), stripe(x, y) + 1) << x << ' ' << y;
    }
  }
}

TEST(SegmentSlide, GivesTheSameMaskForAnyThreadsAndTokens) {
  const TemporaryFolder folder;
  std::mt19937 random(6);
  write_slide(folder / "slide.tif", {900, 700}, 0.5, [&](std::int64_t, std::int64_t) {
    return Colour{static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(random())};
  });
  IdentitySegmenter network(8, 0.5, false);
  SilentObserver observer;
  std::string first;
  for (const auto& [threads, tokens] : std::vector<std::pair<int, int>>{{1, 1}, {2, 1}, {2, 3}, {2, 8}, {4, 0}}) {
    segment_slide({folder / "slide.tif", folder / "result", {}}, network,
                  {.batch_size = 3, .tissue = "none", .threads = threads, .tokens = tokens}, kIdentity, observer, kNever);
    const std::string bytes = read_text_file(folder / "result.tif");
    if (first.empty()) first = bytes;
    EXPECT_TRUE(bytes == first) << threads << " threads, " << tokens << " tokens";
  }
}

// The statistics, worked out again in Python from slide.tif alone: blobs of three classes on glass, with and without a resolution.
TEST(SegmentSlide, StatisticsAgreeWithBruteForceOnTheMask) {
  WSI_LPD_NEEDS_PYTHON();
  for (const double mpp : {0.5, 0.0}) {
    const TemporaryFolder folder;
    write_slide(folder / "slide.tif", {613, 405}, mpp, [](std::int64_t x, std::int64_t y) {
      const double u = static_cast<double>(x), v = static_cast<double>(y);
      const double height = std::sin(u / 31) + std::sin(v / 23) + std::sin((u + 2 * v) / 57);
      return height < -1 ? Colour{244, 243, 245} : kPaint[height < 0 ? 0 : height < 0.8 ? 1 : 2];
    });
    IdentitySegmenter network(8, mpp, false);
    SilentObserver observer;
    const auto statistics =
        segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.tile = 96, .tissue = "none"}, kIdentity, observer, kNever);
    EXPECT_EQ(statistics.squares, 7 * 5);
    EXPECT_GT(statistics.interfaces.at(0).length, 1000);
    output::write_summary(folder / "summary.csv", {statistics});
    EXPECT_TRUE(testing::run_python("output/brute_force.py", {(folder / "result").string(), (folder / "summary.csv").string()})) << mpp;
  }
}

TEST(SegmentSlide, GivesAValidEmptyResultWithoutTissue) {
  const TemporaryFolder folder;
  write_slide(folder / "glass.tif", {800, 600}, 0.5, [](auto, auto) { return Colour{244, 243, 245}; });
  IdentitySegmenter network(8, 0.5);
  SilentObserver observer;
  const auto statistics = segment_slide({folder / "glass.tif", folder / "result", {}}, network, {}, kIdentity, observer, kNever);
  EXPECT_EQ(statistics.tiles_planned, 0);
  EXPECT_EQ(statistics.tissue_pixels, 0);
  EXPECT_THAT(statistics.warnings, ::testing::Contains(::testing::HasSubstr("no tissue")));
  EXPECT_FALSE(statistics.focus_median || statistics.out_of_focus);
  for (const char* suffix : {".tif", ".h5", ".json", ".geojson", ".overlay.jpg", ".tissue.jpg"})
    EXPECT_TRUE(std::filesystem::exists(folder.path() / (std::string("result") + suffix)));
}

TEST(SegmentSlide, TakesTheUsersMask) {
  const TemporaryFolder folder;
  write_slide(folder / "slide.tif", {640, 640}, 0.5, [](auto, auto) { return kPaint[1]; });
  Image mask(64, 64, 1);
  for (int y = 0; y < 32; ++y) std::fill_n(mask.at(0, y), 64, std::uint8_t{1});
  image::write_labels_png(folder / "mask.png", mask, {{0, 0, 0}, {255, 255, 255}});
  IdentitySegmenter network(8, 0.5);
  SilentObserver observer;
  const auto statistics =
      segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.tissue = folder / "mask.png"}, kIdentity, observer, kNever);
  EXPECT_EQ(statistics.tissue_pixels, 640 * 320);
  EXPECT_EQ(statistics.per_class[1].pixels, 640 * 320);
}

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
    Colour colour = kPaint[2];
    colour.red = static_cast<std::uint8_t>(colour.red + random() % 3);  // so that the file has some length to damage
    return colour;
  });
  damage(folder / "slide.tif", 0.3, 0.32);
  IdentitySegmenter network(8, 0.5);
  SilentObserver observer;
  std::filesystem::create_directory(folder / "out");
  const SlideJob job{folder / "slide.tif", folder.path() / "out" / "result", {}};
  const auto statistics = segment_slide(job, network, {.overlap = 0, .tissue = "none", .max_unreadable = 0.5}, kIdentity, observer, kNever);
  EXPECT_GT(statistics.tiles_unreadable, 0);
  EXPECT_GT(statistics.unreadable_pixels, 0);
  EXPECT_EQ(statistics.tiles_read + statistics.tiles_unreadable, statistics.tiles_planned);
  const Image labels = image::read_labels(folder.path() / "out" / "result.tif");
  EXPECT_EQ(std::count(labels.data(), labels.data() + labels.bytes(), kUnreadable), statistics.unreadable_pixels);
  EXPECT_EQ(std::count(labels.data(), labels.data() + labels.bytes(), 3), statistics.per_class[2].pixels);
  // Deflate can't tell all damage: the file's tile in which it begins may decode to other colours.
  EXPECT_GE(statistics.per_class[2].pixels + statistics.unreadable_pixels, 2000 * 2000 - 256 * 256);

  std::filesystem::remove_all(folder / "out");
  std::filesystem::create_directory(folder / "out");
  EXPECT_THROW(segment_slide(job, network, {.overlap = 0, .tissue = "none", .max_unreadable = 0}, kIdentity, observer, kNever), Error);
  EXPECT_EQ(files_in(folder / "out"), 0U);
}

/// A whole run over a real slide whose tile `index` is zeros: that alone is marked, listed, and the rest of the mask is as without damage.
void expect_damage_is_local(const std::filesystem::path& slide, std::uint32_t index) {
  const TemporaryFolder folder;
  const std::filesystem::path copy = folder / slide.filename().string();
  std::filesystem::copy_file(slide, copy);
  std::filesystem::permissions(copy, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
  IdentitySegmenter network(8, 0.5, false);
  SilentObserver observer;
  const SegmentOptions options{.overlap = 0, .tissue = "none"};
  segment_slide({copy, folder / "whole", 0.5}, network, options, kIdentity, observer, kNever);
  testing::damage_tile(copy, index);
  const auto statistics = segment_slide({copy, folder / "damaged", 0.5}, network, options, kIdentity, observer, kNever);
  EXPECT_GE(statistics.tiles_unreadable, 1);
  EXPECT_LE(statistics.tiles_unreadable, 9);
  EXPECT_EQ(statistics.unreadable_positions.size(), static_cast<std::size_t>(statistics.tiles_unreadable));
  const auto written = output::read_statistics(folder / "damaged.json");
  ASSERT_TRUE(written);
  EXPECT_EQ(written->unreadable_positions, statistics.unreadable_positions);
  const Image whole = image::read_labels(folder / "whole.tif"), damaged = image::read_labels(folder / "damaged.tif");
  const auto in_unreadable = [&](std::int64_t x,
                                 std::int64_t y) {  // and one cell beside, between whose centres and theirs labels are interpolated
    return std::ranges::any_of(statistics.unreadable_positions, [&](const auto& at) {
      return x >= at[0] - 8 && x < at[0] + 224 + 8 && y >= at[1] - 8 && y < at[1] + 224 + 8;
    });
  };
  std::int64_t marked = 0, changed = 0;
  for (std::int64_t y = 0; y < whole.height(); ++y) {
    for (std::int64_t x = 0; x < whole.width(); ++x) {
      marked += *damaged.at(x, y) == kUnreadable;
      changed += *damaged.at(x, y) != *whole.at(x, y) && !in_unreadable(x, y);
    }
  }
  EXPECT_EQ(marked, statistics.unreadable_pixels);
  EXPECT_GT(marked, 0);
  EXPECT_EQ(changed, 0);
  EXPECT_THROW(segment_slide({copy, folder / "strict", 0.5}, network, {.overlap = 0, .tissue = "none", .max_unreadable = 0}, kIdentity,
                             observer, kNever),
               Error);
  EXPECT_FALSE(std::filesystem::exists(folder / "strict.tif"));
}

TEST(SegmentSlide, MarksAndListsDamagedTilesOfAJpegSlide) {
  WSI_LPD_NEEDS_DATA(data, "data");
  expect_damage_is_local(data / "slides/CMU-1-Small-Region.svs", 64);
}

TEST(SegmentSlide, MarksAndListsDamagedTilesOfAJpeg2000Slide) {
  WSI_LPD_NEEDS_DATA(data, "data");
  expect_damage_is_local(data / "slides/tcga-cr-7395-01a-01-ts1.svs", 130);
}

/// Does something to the slide once the first tiles are done.
struct Meddler : SilentObserver {
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
                    kIdentity, observer, kNever);
      ADD_FAILURE() << "gave a result, way " << how;
    } catch (const Error& error) {
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
  SilentObserver observer;
  const testing::FileSizeLimit limit(100'000);
  EXPECT_THROW(
      segment_slide({folder / "slide.tif", folder.path() / "out" / "result", {}}, network, {.tissue = "none"}, kIdentity, observer, kNever),
      Error);
  EXPECT_EQ(files_in(folder / "out"), 0U);
}

TEST(SegmentSlide, TakesASlideOfOnePixel) {
  const TemporaryFolder folder;
  write_slide(folder / "slide.tif", {1, 1}, 0.5, [](auto, auto) { return kPaint[1]; });
  IdentitySegmenter network(1, 0.5);
  SilentObserver observer;
  segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.tissue = "none"}, kIdentity, observer, kNever);
  EXPECT_EQ(image::read_labels(folder / "result.tif"), Image(1, 1, 1, 2));
}

struct Stopper : SilentObserver {
  CancelFlag cancel{false};
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
                             kIdentity, observer, observer.cancel),
               Cancelled);
  EXPECT_EQ(files_in(folder / "out"), 0U);
}

#ifdef __GLIBC__
struct Failing : SilentObserver {
  void advance(std::int64_t, const std::string&) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // in which other batches come to wait for their turn
    throw Error("enough");
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
                               {.batch_size = 2, .tissue = "none", .threads = 2, .tokens = 8}, kIdentity, observer, kNever),
                 Error);
    const auto used = mallinfo2();
    return static_cast<double>(used.uordblks + used.hblkhd);
  };
  const double first = memory_after_failure();
  double last = first;
  for (int i = 0; i < 10; ++i) last = memory_after_failure();
  EXPECT_LT(last - first, 2e6);  // maps of two tiles are 1.2 MB
}
#endif

TEST(SegmentSlide, AsksForTheResolutionWhenNobodyKnowsIt) {
  const TemporaryFolder folder;
  write_slide(folder / "slide.tif", {300, 300}, 0, [](auto, auto) { return kPaint[0]; });
  IdentitySegmenter network(8, 0.5);
  SilentObserver observer;
  try {
    segment_slide({folder / "slide.tif", folder / "result", {}}, network, {}, kIdentity, observer, kNever);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("--mpp"));
  }
  const auto statistics =
      segment_slide({folder / "slide.tif", folder / "result", 0.25}, network, {.tissue = "none"}, kIdentity, observer, kNever);
  EXPECT_EQ(statistics.frame.size, (Size{150, 150}));
  EXPECT_EQ(statistics.mpp_source, "given");
}

TEST(SegmentSlide, RefusesTilesThatTheNetworkCannotTake) {
  IdentitySegmenter network(8, 0.5);
  SilentObserver observer;
  for (const int tile : {0, 16, 100, 8192}) {
    EXPECT_THROW(segment_slide({"slide", "result", {}}, network, {.tile = tile}, kIdentity, observer, kNever), UsageError) << tile;
  }
}

}  // namespace
}  // namespace wsi_lpd::pipeline
