#include "slide_crf.hpp"

#include <fstream>
#include <mutex>
#include <random>

#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"
#include "wsi_lpd/synth/tissue_painter.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using testing::IdentitySegmenter;
using testing::kPaint;
using testing::TemporaryFolder;
using testing::write_slide;

constexpr SlideCrfOptions kUntiled{.block = 1 << 16, .margin = 0};

struct Segmented {
  core::Image labels;
  output::SlideStatistics statistics;
};

Segmented segment(const std::filesystem::path& slide, Segmenter& network, const SegmentOptions& options) {
  const TemporaryFolder folder;
  core::SilentObserver observer;
  Segmented run;
  run.statistics = segment_slide({slide, folder / "result", {}}, network, options, kIdentity, {observer, kNever});
  run.labels = image::read_labels(folder / "result.tif");
  return run;
}

/// Share of the labels that are equal: of all of them, or of those within `near` pixels of a border between blocks.
double agreement(const core::Image& a, const core::Image& b, int block = 0, int near = 0) {
  std::int64_t equal = 0, all = 0;
  const auto at_border = [&](std::int64_t x) { return x >= near && (x + near) % block < 2 * near; };
  for (std::int64_t y = 0; y < a.height(); ++y) {
    for (std::int64_t x = 0; x < a.width(); ++x) {
      if (block > 0 && !at_border(x) && !at_border(y)) continue;
      ++all;
      equal += *a.at(x, y) == *b.at(x, y);
    }
  }
  return static_cast<double>(equal) / static_cast<double>(all);
}

/// A picture of tissue, on which IdentitySegmenter, taking its colours for mixed paint, gives weak and patchy class values: hard for a CRF.
void paint_tissue(const std::filesystem::path& path, core::Size size) {
  const synth::TissuePainter painter(size, {.seed = 3, .tissue_fraction = 0.7});
  core::Image rgb(size.width, size.height, 3), truth(size.width, size.height, 1);
  painter.paint({0, 0, size.width, size.height}, rgb.view(), truth.view());
  write_slide(path, size, 0.5, [&](std::int64_t x, std::int64_t y) {
    return core::Colour{rgb.at(x, y)[0], rgb.at(x, y)[1], rgb.at(x, y)[2]};
  });
}

TEST(SlideCrf, BlocksGiveTheLabelsOfTheWholeSlide) {
  const TemporaryFolder folder;
  paint_tissue(folder / "slide.tif", {1100, 830});
  IdentitySegmenter network(8, 0.5, false);
  const Segmented whole = segment(folder / "slide.tif", network, {.tissue = "none", .crf = kUntiled});
  const Segmented without = segment(folder / "slide.tif", network, {.tissue = "none"});
  EXPECT_LT(agreement(whole.labels, without.labels), 0.998);  // the CRF does something here
  const SlideCrfOptions small{.block = 160};                  // many borders, not where tiles of the lattice or of the network have theirs
  const Segmented blocks = segment(folder / "slide.tif", network, {.tissue = "none", .crf = small});
  EXPECT_GE(agreement(whole.labels, blocks.labels), 0.9995);
  EXPECT_GE(agreement(whole.labels, blocks.labels, small.block, 2), 0.9995);  // no seam
}

TEST(SlideCrf, BlocksGiveTheLabelsOfTheWholeRealSlide) {
  WSI_LPD_NEEDS_DATA(data);
  IdentitySegmenter network(8, 1.0, false);
  const auto slide = data / "slides" / "CMU-1-Small-Region.svs";
  const Segmented whole = segment(slide, network, {.crf = kUntiled});
  const SlideCrfOptions small{.block = 256};
  const Segmented blocks = segment(slide, network, {.crf = small});
  EXPECT_GE(agreement(whole.labels, blocks.labels), 0.9995);
  EXPECT_GE(agreement(whole.labels, blocks.labels, small.block, 2), 0.9995);
}

TEST(SlideCrf, SameForAnyNumberOfThreads) {
  const TemporaryFolder folder;
  paint_tissue(folder / "slide.tif", {500, 400});
  IdentitySegmenter network(8, 0.5, false);
  core::Image first;
  for (const int threads : {1, 2, 4, 20}) {
    const Segmented run =
        segment(folder / "slide.tif", network, {.tissue = "none", .crf = SlideCrfOptions{.block = 128}, .threads = threads});
    if (first.empty()) first = run.labels;
    EXPECT_TRUE(run.labels == first) << threads;
  }
}

/// The network sees cells of 8 pixels; the CRF finds the edge of the paint.
TEST(SlideCrf, FindsEdgesWithinCells) {
  const TemporaryFolder folder;
  const auto stripe = [](std::int64_t x) { return static_cast<std::size_t>(x / 61) % kPaint.size(); };
  write_slide(folder / "slide.tif", {427, 300}, 0.5, [&](std::int64_t x, std::int64_t) { return kPaint[stripe(x)]; });
  IdentitySegmenter network(8, 0.5);
  const auto wrong = [&](const core::Image& labels) {
    std::int64_t count = 0;
    for (std::int64_t y = 0; y < labels.height(); ++y)
      for (std::int64_t x = 0; x < labels.width(); ++x) count += *labels.at(x, y) != stripe(x) + 1;
    return count;
  };
  EXPECT_GT(wrong(segment(folder / "slide.tif", network, {.tissue = "none"}).labels), 1000);
  EXPECT_EQ(wrong(segment(folder / "slide.tif", network, {.tissue = "none", .crf = SlideCrfOptions{.block = 128}}).labels), 0);
}

/// Without rounds what remains is the way of the values through blocks: the labels that the canvas gives.
TEST(SlideCrf, WithoutRoundsChangesNothing) {
  const TemporaryFolder folder;
  paint_tissue(folder / "slide.tif", {427, 389});
  IdentitySegmenter network(8, 0.5, false);
  SlideCrfOptions none{.block = 96, .margin = 8};
  none.crf.iterations = 0;
  const TemporaryFolder plain, crf;
  core::SilentObserver observer;
  segment_slide({folder / "slide.tif", plain / "result", {}}, network, {}, kIdentity, {observer, kNever});
  const auto statistics = segment_slide({folder / "slide.tif", crf / "result", {}}, network, {.crf = none}, kIdentity, {observer, kNever});
  EXPECT_TRUE(statistics.crf);
  EXPECT_TRUE(statistics.seconds.contains("crf"));
  EXPECT_GE(agreement(image::read_labels(plain / "result.tif"), image::read_labels(crf / "result.tif")), 0.9999);  // ties apart
}

TEST(SlideCrf, StaysInsideTheTissueMask) {
  const TemporaryFolder folder;
  write_slide(folder / "slide.tif", {640, 640}, 0.5, [](auto, auto) { return kPaint[1]; });
  core::Image mask(64, 64, 1);
  for (int y = 0; y < 32; ++y) std::fill_n(mask.at(0, y), 64, std::uint8_t{1});
  image::write_labels_png(folder / "mask.png", mask, {{0, 0, 0}, {255, 255, 255}});
  IdentitySegmenter network(8, 0.5);
  const Segmented run = segment(folder / "slide.tif", network, {.tissue = folder / "mask.png", .crf = SlideCrfOptions{.block = 200}});
  EXPECT_EQ(run.statistics.tissue_pixels, 640 * 320);
  EXPECT_EQ(run.statistics.per_class[1].pixels, 640 * 320);
  EXPECT_EQ(std::count(run.labels.data(), run.labels.data() + run.labels.bytes(), 2), 640 * 320);
}

TEST(SlideCrf, LeavesUnreadableTilesAsTheyAre) {
  const TemporaryFolder folder;
  std::mt19937 random(7);
  write_slide(folder / "slide.tif", {1500, 1500}, 0.5, [&](std::int64_t, std::int64_t) {
    core::Colour colour = kPaint[2];
    colour.red = static_cast<std::uint8_t>(colour.red + random() % 3);  // so that the file has some length to damage
    return colour;
  });
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(folder / "slide.tif"));
  std::fstream(folder / "slide.tif", std::ios::in | std::ios::out | std::ios::binary).seekp(size * 3 / 10)
      << std::string(size / 50, '\x5a');
  IdentitySegmenter network(8, 0.5);
  SegmentOptions options{.overlap = 0, .tissue = "none", .max_unreadable = 0.5};
  const Segmented plain = segment(folder / "slide.tif", network, options);
  options.crf = SlideCrfOptions{.block = 384};
  const Segmented crf = segment(folder / "slide.tif", network, options);
  EXPECT_GT(plain.statistics.unreadable_pixels, 0);
  EXPECT_EQ(crf.statistics.unreadable_pixels, plain.statistics.unreadable_pixels);
  EXPECT_THAT(crf.statistics.warnings, ::testing::Contains(::testing::HasSubstr("CRF")));
  for (std::size_t i = 0; i < plain.labels.bytes(); ++i)
    ASSERT_EQ(crf.labels.data()[i] == core::kUnreadable, plain.labels.data()[i] == core::kUnreadable) << i;
}

/// A slide of any size that costs nothing and remembers what was read.
class GreySlide : public slide::Reader {
 public:
  explicit GreySlide(core::Size size) {
    properties_.levels = {{size, 1, 1}};
    properties_.bounds = {0, 0, size.width, size.height};
  }
  const slide::Properties& properties() const override { return properties_; }
  void read(int, const core::Rect& region, core::ImageView<std::uint8_t> target) const override {
    for (std::int64_t y = 0; y < target.height; ++y) std::fill_n(target.row(y), 3 * target.width, std::uint8_t{128});
    const std::lock_guard lock(mutex_);
    regions_.push_back(region);
  }
  const std::vector<core::Rect>& regions() const { return regions_; }

 private:
  slide::Properties properties_;
  mutable std::mutex mutex_;
  mutable std::vector<core::Rect> regions_;
};

struct RowCounter : core::CanvasSink {
  std::int64_t grid_rows = 0, label_rows = 0, tissue_pixels = 0;
  void grid_row(std::span<const float>, std::span<const std::uint8_t>) override { ++grid_rows; }
  void label_row(std::span<const std::uint8_t>, std::span<const std::uint8_t> tissue) override {
    ++label_rows;
    tissue_pixels += std::count(tissue.begin(), tissue.end(), 1);
  }
};

/// What is held back is bounded by block and margin, however high the slide; blocks without tissue are not read.
TEST(SlideCrf, HandsRowsOnAndReadsTissueOnly) {
  constexpr core::Size kSize{300, 5003};
  const core::Frame frame = core::make_frame({0, 0, kSize.width, kSize.height}, 0, 0);
  const GreySlide slide(kSize);
  const slide::FrameReader reader(slide, frame);
  RowCounter sink;
  constexpr SlideCrfOptions kOptions{.block = 64, .margin = 16};
  const IdentitySegmenter network(8, 0.5);
  SlideCrf crf(reader, frame, network, kOptions, 1, kNever, sink);
  const std::vector<float> values(38 * kPaint.size(), 0.5F);
  const std::vector<std::uint8_t> grid_labels(38, 1), labels(300, 1);
  std::int64_t grid_rows = 0;
  for (std::int64_t y = 0; y < kSize.height; ++y) {
    for (; grid_rows * 8 <= y + 4 && grid_rows < core::divide_up(kSize.height, 8); ++grid_rows) crf.grid_row(values, grid_labels);
    std::vector<std::uint8_t> tissue(300);
    if (y >= 2001 && y < 2302) std::fill_n(tissue.begin(), 100, std::uint8_t{1});
    crf.label_row(labels, tissue);
    ASSERT_LT(y - sink.label_rows, kOptions.block + kOptions.margin);
    ASSERT_LE(grid_rows - sink.grid_rows, (kOptions.block + kOptions.margin) / 8 + 2);
  }
  EXPECT_EQ(sink.label_rows, kSize.height);
  EXPECT_EQ(sink.grid_rows, core::divide_up(kSize.height, 8));
  EXPECT_EQ(sink.tissue_pixels, 100 * 301);
  ASSERT_FALSE(slide.regions().empty());
  for (const core::Rect& region : slide.regions()) {
    EXPECT_LE(region.right(), 128 + kOptions.margin);
    EXPECT_GE(region.y, 2001 - kOptions.block - kOptions.margin);
    EXPECT_LE(region.bottom(), 2302 + kOptions.block + kOptions.margin);
  }
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
