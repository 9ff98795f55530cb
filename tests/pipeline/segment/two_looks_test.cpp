#include "two_looks.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "tile_store.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/output/result_reader.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using testing::IdentitySegmenter;
using testing::kPaint;
using testing::TemporaryFolder;

constexpr core::Size kSize{1301, 1103};

/// A slide whose left half is of one class, and whose right half is painted at random in cells of 16 pixels.
class TwoLooks : public ::testing::Test {
 protected:
  TwoLooks() {
    std::mt19937 random(3);
    classes_.resize(static_cast<std::size_t>(kSize.area()) / 16);
    for (auto& value : classes_) value = static_cast<std::uint8_t>(random() % kPaint.size());
    testing::write_slide(slide_, kSize, 0.5, [&](std::int64_t x, std::int64_t y) { return kPaint[at(x, y)]; });
  }
  std::size_t at(std::int64_t x, std::int64_t y) const {
    return x < kSize.width / 2 ? 0 : classes_[static_cast<std::size_t>(y / 16 * (kSize.width / 16 + 1) + x / 16)];
  }
  output::SlideStatistics segment(double effort) {
    IdentitySegmenter network(1, 0.5, /*exact=*/false);  // a class that is certain leaves no doubt
    return segment_slide({slide_, folder_ / "result", {}}, network, {.effort = effort, .batch_size = 5, .tissue = "none"}, kIdentity,
                         {observer_, kNever});
  }
  std::vector<output::TileDistance> tiles() const { return output::ResultReader(folder_ / "result.h5").tiles(); }

  TemporaryFolder folder_;
  std::filesystem::path slide_ = folder_ / "slide.tif";
  std::vector<std::uint8_t> classes_;
  core::SilentObserver observer_;
};

TEST_F(TwoLooks, GiveThePaintingBackWhateverTheEffort) {
  const std::int64_t all = segment(1).tiles_planned;
  std::int64_t last = 0;
  for (const double effort : {0.0, 0.25, 0.6}) {
    const output::SlideStatistics statistics = segment(effort);
    EXPECT_EQ(statistics.tiles_planned + statistics.tiles_passed_over, all);
    EXPECT_GT(statistics.tiles_planned, last) << "more effort, more tiles";
    EXPECT_EQ(statistics.tiles_read, statistics.tiles_planned);
    last = statistics.tiles_planned;
    const core::Image labels = image::read_labels(folder_ / "result.tif");
    for (std::int64_t y = 0; y < kSize.height; ++y)
      for (std::int64_t x = 0; x < kSize.width; ++x) ASSERT_EQ(*labels.at(x, y), at(x, y) + 1) << effort << " " << x << " " << y;
    const auto seen = tiles();
    EXPECT_EQ(static_cast<std::int64_t>(seen.size()), statistics.tiles_planned);
    const auto place = [](const output::TileDistance& tile) { return std::pair(tile.y, tile.x); };
    EXPECT_TRUE(std::ranges::is_sorted(seen, {}, place)) << "in the order of the plan";
    EXPECT_EQ(std::ranges::adjacent_find(seen, {}, place), seen.end()) << "each once";
  }
}

TEST_F(TwoLooks, TheSecondLookIsWhereClassesMeet) {
  segment(0);
  const auto first = tiles();
  segment(0.5);
  std::size_t more = 0;
  for (const output::TileDistance& tile : tiles()) {
    const auto same = [&](const output::TileDistance& other) { return other.x == tile.x && other.y == tile.y; };
    if (std::ranges::any_of(first, same)) continue;
    ++more;
    EXPECT_GT(tile.x + 224, kSize.width / 2) << "the left half has one class";
  }
  EXPECT_GT(more, 5U);
}

TEST_F(TwoLooks, CroppedTilesAreAllNeeded) {
  IdentitySegmenter network(8, 0.5);
  EXPECT_THROW(
      segment_slide({slide_, folder_ / "result", {}}, network, {.effort = 0.5, .blend = core::Blend::Crop}, kIdentity, {observer_, kNever}),
      core::UsageError);
}

TEST_F(TwoLooks, TilesThatOverlapLessLeaveNoneOut) {
  IdentitySegmenter network(8, 0.5);
  EXPECT_THROW(segment_slide({slide_, folder_ / "result", {}}, network, {.overlap = 0.25, .effort = 0.5}, kIdentity, {observer_, kNever}),
               core::UsageError);
}

TEST(TileStoreTest, GivesTilesBackInTheirOrderAndLeavesNoFile) {
  const TemporaryFolder folder;
  std::mt19937 random(1);
  struct Owned {
    SeenTile seen;
    std::vector<std::uint8_t> glass;
    std::vector<float> maps, scores;
  };
  std::vector<Owned> tiles(20);
  TileStore store(folder.path());
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    Owned& tile = tiles[i];
    for (std::size_t k = 0; k < 13 * i; ++k) tile.glass.push_back(random() % 2);
    for (std::size_t k = 0; k < 7 + i; ++k) tile.maps.push_back(static_cast<float>(random()));
    tile.scores = {static_cast<float>(i), NAN};
    tile.seen = {.tile = {static_cast<std::int64_t>(i), std::int64_t{1} << 40},
                 .readable = i % 3 != 0,
                 .focus = static_cast<float>(i),
                 .glass = tile.glass,
                 .maps = tile.maps,
                 .scores = tile.scores};
    store.add(tile.seen);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  for (const Owned& tile : tiles) {
    const SeenTile* seen = store.next();
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->tile, tile.seen.tile);
    EXPECT_EQ(seen->readable, tile.seen.readable);
    EXPECT_EQ(seen->focus, tile.seen.focus);
    EXPECT_TRUE(std::isnan(seen->stain_distance));
    EXPECT_THAT(seen->glass, ::testing::ElementsAreArray(tile.glass));
    EXPECT_THAT(seen->maps, ::testing::ElementsAreArray(tile.maps));
    EXPECT_TRUE(seen->score_maps.empty());
    EXPECT_EQ(seen->scores[0], tile.scores[0]);
  }
  EXPECT_FALSE(store.next());
  EXPECT_THROW(TileStore(folder / "none"), core::Error);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
