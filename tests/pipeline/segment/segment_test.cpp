#include "wsi_lpd/pipeline/segment/segment.hpp"

#include <random>

#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"
#include "wsi_lpd/output/overlay.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/output/summary.hpp"
#include "wsi_lpd/slide/open.hpp"

namespace wsi_lpd::pipeline::segment {
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
  Painting(core::Size size, std::int64_t cell_size, unsigned seed)
      : cell(cell_size),
        columns(core::divide_up(size.width, cell_size)),
        classes(static_cast<std::size_t>(columns * core::divide_up(size.height, cell_size))) {
    std::mt19937 random(seed);
    for (auto& value : classes) value = static_cast<std::uint8_t>(random() % kPaint.size());
  }
  std::uint8_t at(std::int64_t x, std::int64_t y) const { return classes[static_cast<std::size_t>(y / cell * columns + x / cell)]; }
};

struct Case {
  int output_unit, level0_unit;  // output pixels and level-0 pixels of equal length
  core::Size units;              // size of the slide
  std::int64_t cell;             // output pixels on which the painting is constant
  int tile;
  double overlap;
  core::Blend blend;
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
  const core::Size output{c.units.width * c.output_unit, c.units.height * c.output_unit};
  const core::Size level0{c.units.width * c.level0_unit, c.units.height * c.level0_unit};
  const Painting painting(output, c.cell, 5);
  write_slide(folder / "slide.tif", level0, 0.5, [&](std::int64_t x, std::int64_t y) {
    return kPaint[painting.at(x * c.output_unit / c.level0_unit, y * c.output_unit / c.level0_unit)];
  });
  IdentitySegmenter network(1, 0.5 * c.level0_unit / c.output_unit);
  core::SilentObserver observer;
  const auto statistics = segment_slide({folder / "slide.tif", folder.path() / "out" / "result", {}}, network,
                                        {.tile = c.tile, .overlap = c.overlap, .batch_size = 5, .blend = c.blend, .tissue = "none"},
                                        kIdentity, {observer, kNever});
  EXPECT_EQ(statistics.frame.size, output);
  EXPECT_EQ(statistics.tissue_pixels, output.area());

  const core::Image labels = image::read_labels(folder.path() / "out" / "result.tif");
  ASSERT_EQ((core::Size{labels.width(), labels.height()}), output);
  for (std::int64_t y = 0; y < output.height; ++y) {
    for (std::int64_t x = 0; x < output.width; ++x) ASSERT_EQ(*labels.at(x, y), painting.at(x, y) + 1) << x << ' ' << y;
  }
  const auto reader = slide::open(folder.path() / "out" / "result.tif");
  const auto palette = output::result_palette(network.shape().classes);
  EXPECT_NEAR(reader->properties().mpp.value_or(0), statistics.frame.mpp, 1e-3);
  for (std::size_t level = 0; level < reader->properties().levels.size(); ++level) {
    const core::Size size = reader->properties().levels[level].size;
    if ((c.cell >> level) == 0 || c.cell % (std::int64_t{1} << level) != 0) break;
    core::Image pixels(size.width, size.height, 3);
    reader->read(static_cast<int>(level), {0, 0, size.width, size.height}, pixels.view());
    for (std::int64_t y = 0; y < size.height; ++y) {
      for (std::int64_t x = 0; x < size.width; ++x) {
        const core::Colour expected = palette[painting.at(x << level, y << level) + 1U];
        const auto* pixel = pixels.at(x, y);
        ASSERT_EQ((core::Colour{pixel[0], pixel[1], pixel[2]}), expected) << "level " << level << ", " << x << ' ' << y;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ratios, IdentityNetwork,
    ::testing::Values(Case{1, 1, {1301, 1103}, 16, 224, 0.25, core::Blend::Window},
                      Case{1, 2, {1301, 611}, 16, 160, 0.25, core::Blend::Window}, Case{1, 1, {333, 217}, 1, 64, 0, core::Blend::Window},
                      Case{1, 1, {333, 217}, 1, 96, 0.5, core::Blend::Crop}, Case{2, 3, {81, 67}, 2, 64, 0.3, core::Blend::Window},
                      Case{1, 3, {85, 77}, 1, 64, 0.3, core::Blend::Window}, Case{2, 1, {201, 155}, 2, 128, 0.25, core::Blend::Crop},
                      Case{5, 4, {51, 37}, 5, 64, 0.6, core::Blend::Window}, Case{1, 1, {17, 16}, 1, 64, 0.25, core::Blend::Window},
                      Case{1, 4, {128, 300}, 1, 64, 0.25, core::Blend::Window}));

// The network's own grid (stride 8): stripes of whole cells have their borders exactly between cells. The last cells are cut by the frame,
// but not through their middle pixel, which is all that this network looks at.
TEST(IdentityNetworkOnGrid, GivesStripesBackExactly) {
  for (const bool vertical : {true, false}) {
    const TemporaryFolder folder;
    const core::Size size{613, 405};
    const auto stripe = [&](std::int64_t x, std::int64_t y) {
      return static_cast<std::size_t>((vertical ? x : y) / 8 * 7 / 3) % kPaint.size();
    };
    write_slide(folder / "slide.tif", size, 0.5, [&](std::int64_t x, std::int64_t y) { return kPaint[stripe(x, y)]; });
    IdentitySegmenter network(8, 0.5);
    core::SilentObserver observer;
    segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.tissue = "none"}, kIdentity, {observer, kNever});
    const core::Image labels = image::read_labels(folder / "result.tif");
    for (std::int64_t y = 0; y < size.height; ++y) {
      for (std::int64_t x = 0; x < size.width; ++x) ASSERT_EQ(*labels.at(x, y), stripe(x, y) + 1) << x << ' ' << y;
    }
  }
}

TEST(SegmentSlide, GivesTheSameMaskForAnyThreadsAndTokens) {
  const TemporaryFolder folder;
  std::mt19937 random(6);
  write_slide(folder / "slide.tif", {900, 700}, 0.5, [&](std::int64_t, std::int64_t) {
    return core::Colour{static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(random())};
  });
  IdentitySegmenter network(8, 0.5, false);
  core::SilentObserver observer;
  std::string first;
  for (const auto& [threads, tokens] : std::vector<std::pair<int, int>>{{1, 1}, {2, 1}, {2, 3}, {2, 8}, {4, 0}}) {
    segment_slide({folder / "slide.tif", folder / "result", {}}, network,
                  {.batch_size = 3, .tissue = "none", .threads = threads, .tokens = tokens}, kIdentity, {observer, kNever});
    const std::string bytes = core::read_text_file(folder / "result.tif");
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
      return height < -1 ? core::Colour{244, 243, 245} : kPaint[height < 0 ? 0 : height < 0.8 ? 1 : 2];
    });
    IdentitySegmenter network(8, mpp, false);
    core::SilentObserver observer;
    const auto statistics = segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.tile = 96, .tissue = "none"}, kIdentity,
                                          {observer, kNever});
    EXPECT_EQ(statistics.squares, 7 * 5);
    EXPECT_GT(statistics.interfaces.at(0).length, 1000);
    output::write_summary(folder / "summary.csv", {statistics});
    EXPECT_TRUE(testing::run_python("output/brute_force.py", {(folder / "result").string(), (folder / "summary.csv").string()})) << mpp;
  }
}

TEST(SegmentSlide, GivesAValidEmptyResultWithoutTissue) {
  const TemporaryFolder folder;
  write_slide(folder / "glass.tif", {800, 600}, 0.5, [](auto, auto) { return core::Colour{244, 243, 245}; });
  IdentitySegmenter network(8, 0.5);
  core::SilentObserver observer;
  const auto statistics = segment_slide({folder / "glass.tif", folder / "result", {}}, network, {}, kIdentity, {observer, kNever});
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
  core::Image mask(64, 64, 1);
  for (int y = 0; y < 32; ++y) std::fill_n(mask.at(0, y), 64, std::uint8_t{1});
  image::write_labels_png(folder / "mask.png", mask, {{0, 0, 0}, {255, 255, 255}});
  IdentitySegmenter network(8, 0.5);
  core::SilentObserver observer;
  const auto statistics =
      segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.tissue = folder / "mask.png"}, kIdentity, {observer, kNever});
  EXPECT_EQ(statistics.tissue_pixels, 640 * 320);
  EXPECT_EQ(statistics.per_class[1].pixels, 640 * 320);
}

TEST(SegmentSlide, TakesASlideOfOnePixel) {
  const TemporaryFolder folder;
  write_slide(folder / "slide.tif", {1, 1}, 0.5, [](auto, auto) { return kPaint[1]; });
  IdentitySegmenter network(1, 0.5);
  core::SilentObserver observer;
  segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.tissue = "none"}, kIdentity, {observer, kNever});
  EXPECT_EQ(image::read_labels(folder / "result.tif"), core::Image(1, 1, 1, 2));
}

TEST(SegmentSlide, AsksForTheResolutionWhenNobodyKnowsIt) {
  const TemporaryFolder folder;
  write_slide(folder / "slide.tif", {300, 300}, 0, [](auto, auto) { return kPaint[0]; });
  IdentitySegmenter network(8, 0.5);
  core::SilentObserver observer;
  try {
    segment_slide({folder / "slide.tif", folder / "result", {}}, network, {}, kIdentity, {observer, kNever});
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("--mpp"));
  }
  const auto statistics =
      segment_slide({folder / "slide.tif", folder / "result", 0.25}, network, {.tissue = "none"}, kIdentity, {observer, kNever});
  EXPECT_EQ(statistics.frame.size, (core::Size{150, 150}));
  EXPECT_EQ(statistics.mpp_source, "given");
}

TEST(SegmentSlide, WarnsOfTilesFarFromTheTrainingImages) {
  const TemporaryFolder folder;
  write_slide(folder / "slide.tif", {640, 640}, 0.5, [](auto, auto) { return kPaint[1]; });
  IdentitySegmenter network(8, 0.5);
  core::SilentObserver observer;
  const auto warnings = [&](int tile) {
    return segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.tile = tile, .tissue = "none"}, kIdentity,
                         {observer, kNever})
        .warnings;
  };
  const auto told = ::testing::Contains(::testing::HasSubstr("px of the training images"));
  ASSERT_EQ(network.shape().patch_size, 224);
  for (const int tile : {160, 224, 320}) EXPECT_THAT(warnings(tile), ::testing::Not(told)) << tile;
  for (const int tile : {128, 352, 448}) EXPECT_THAT(warnings(tile), told) << tile;
}

TEST(SegmentSlide, RefusesTilesThatTheNetworkCannotTake) {
  IdentitySegmenter network(8, 0.5);
  core::SilentObserver observer;
  for (const int tile : {0, 16, 100, 8192}) {
    EXPECT_THROW(segment_slide({"slide", "result", {}}, network, {.tile = tile}, kIdentity, {observer, kNever}), core::UsageError) << tile;
  }
}

/// Its scores cost much; those of tiles that were not to be scored would turn every class off.
class DearScores : public IdentitySegmenter {
 public:
  DearScores() : IdentitySegmenter(8, 0.5), shape_(IdentitySegmenter::shape()) {
    shape_.presence = {{0, 0, 0}, {1, 1, 1}};
    shape_.sparse_scores = true;
    shape_.patch_size = 64;
  }
  const Shape& shape() const override { return shape_; }
  std::unique_ptr<Pending> submit(std::unique_ptr<TileBuffer> tiles, int count, int tile, std::span<const std::uint8_t> scored) override {
    auto pending = std::make_unique<Scored>();
    pending->inner = IdentitySegmenter::submit(std::move(tiles), count, tile, scored);
    pending->scored.assign(scored.begin(), scored.end());
    seen += count;
    asked += std::count(scored.begin(), scored.end(), 1);
    return pending;
  }
  TileResults await(std::unique_ptr<Pending> pending) const override {
    const auto& scored = dynamic_cast<Scored&>(*pending);
    TileResults results = IdentitySegmenter::await(std::move(dynamic_cast<Scored&>(*pending).inner));
    for (const std::uint8_t wanted : scored.scored)
      results.score_maps.insert(results.score_maps.end(), 3U * 4 * 4, wanted ? 30.0F : -30.0F);
    return results;
  }
  std::int64_t seen = 0, asked = 0;

 private:
  struct Scored : Pending {
    std::unique_ptr<Pending> inner;
    std::vector<std::uint8_t> scored;
  };
  Shape shape_;
};

TEST(SegmentSlide, SeesEachPlaceOnceWhereScoresCostMuch) {
  const TemporaryFolder folder;
  const Painting painting({400, 300}, 64, 5);
  write_slide(folder / "slide.tif", {400, 300}, 0.5, [&](std::int64_t x, std::int64_t y) { return kPaint[painting.at(x, y)]; });
  DearScores network;
  core::SilentObserver observer;
  segment_slide({folder / "slide.tif", folder / "result", {}}, network, {.tile = 64, .tissue = "none"}, kIdentity, {observer, kNever});
  EXPECT_LT(network.asked, network.seen / 2);
  EXPECT_GE(network.asked, network.seen / 4);
  const core::Image labels = image::read_labels(folder / "result.tif");
  for (std::int64_t y = 32; y < 300; y += 64)
    for (std::int64_t x = 32; x < 400; x += 64) EXPECT_EQ(*labels.at(x, y), painting.at(x, y) + 1) << x << ' ' << y;
}

/// Its first class never reaches the threshold of this slide.
class Adaptive : public DearScores {
 public:
  Adaptive() : adapted_(DearScores::shape()) { adapted_.adaptive_presence = true; }
  const Shape& shape() const override { return adapted_; }
  std::vector<float> adapt_presence(std::unique_ptr<TileBuffer> sample, int count, int tile) override {
    sampled = count;
    for (std::int64_t i = 0; i < std::int64_t{3} * count * tile * tile; i += 3)
      glass += sample->data()[i] == 255 && sample->data()[i + 1] == 255 && sample->data()[i + 2] == 255;
    adapted_.presence.score_threshold = {1000, 0, 0};
    return {1000, 0, 0};
  }
  int sampled = 0;
  std::int64_t glass = 0;

 private:
  Shape adapted_;
};

TEST(SegmentSlide, MovesTheThresholdsOfPresenceToTheSlide) {
  const TemporaryFolder folder;
  const Painting painting({640, 320}, 64, 5);
  constexpr int kGlassFrom = 320;
  write_slide(folder / "slide.tif", {640, 320}, 0.5, [&](std::int64_t x, std::int64_t y) {
    return x < kGlassFrom ? kPaint[painting.at(x, y)] : core::Colour{255, 255, 255};
  });
  core::Image tissue(640, 320, 1);
  for (std::int64_t y = 0; y < 320; ++y) std::fill_n(tissue.at(0, y), kGlassFrom, 1);
  image::write_labels_png(folder / "tissue.png", tissue, {{0, 0, 0}, {255, 255, 255}});
  Adaptive network;
  core::SilentObserver observer;
  const output::SlideStatistics statistics = segment_slide({folder / "slide.tif", folder / "result", {}}, network,
                                                           {.tile = 64, .tissue = folder / "tissue.png"}, kIdentity, {observer, kNever});
  EXPECT_EQ(network.sampled, 48) << "of the 9 × 9 tiles that are tissue as a whole";
  EXPECT_EQ(network.glass, 0);
  EXPECT_EQ(statistics.presence_shift, (std::vector<double>{1000, 0, 0}));
  EXPECT_EQ(output::read_statistics(folder / "result.json")->presence_shift, statistics.presence_shift);
  const core::Image labels = image::read_labels(folder / "result.tif");
  for (std::int64_t y = 32; y < 320; y += 64)
    for (std::int64_t x = 32; x < kGlassFrom; x += 64) {
      if (painting.at(x, y) > 0) {
        EXPECT_EQ(*labels.at(x, y), painting.at(x, y) + 1) << x << ' ' << y;
      }
    }
  EXPECT_EQ(std::count(labels.data(), labels.data() + labels.bytes(), 1), 0);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
