#include "wsi_lpd/raster/tissue_cut.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace wsi_lpd::raster {
namespace {

struct Collector : core::CanvasSink {
  std::vector<std::vector<float>> values;
  std::vector<std::vector<std::uint8_t>> grid, labels, tissue;
  void grid_row(std::span<const float> row, std::span<const std::uint8_t> cells) override {
    values.emplace_back(row.begin(), row.end());
    grid.emplace_back(cells.begin(), cells.end());
  }
  void label_row(std::span<const std::uint8_t> row, std::span<const std::uint8_t> is_tissue) override {
    labels.emplace_back(row.begin(), row.end());
    tissue.emplace_back(is_tissue.begin(), is_tissue.end());
  }
};

/// Runs `glass(x, y)` through tiles of a plan over everything, with labels of 1; columns below `outside` are not tissue.
template <class Glass>
Collector cut(const core::Frame& frame, const core::TilePlanOptions& options, std::int64_t smallest, std::int64_t outside, Glass glass,
              std::int64_t* removed = nullptr) {
  const core::TilePlan plan = core::plan_tiles(frame, {core::Image(1, 1, 1, 1), frame.bounds}, options);
  Collector sink;
  TissueCut cut(plan, 8, smallest, sink);
  std::int64_t next_row = 0, next_cell = 0;
  const std::int64_t width = frame.size.width, height = frame.size.height, cells = core::divide_up(width, 8);
  const auto emit = [&](std::int64_t until) {
    for (; next_row < until; ++next_row) {
      for (; next_cell * 8 <= next_row + 4 && next_cell < core::divide_up(height, 8); ++next_cell)
        cut.grid_row(std::vector<float>(static_cast<std::size_t>(cells), static_cast<float>(next_cell)),
                     std::vector<std::uint8_t>(static_cast<std::size_t>(cells), 1));
      std::vector<std::uint8_t> tissue(static_cast<std::size_t>(width), 1);
      std::fill_n(tissue.begin(), outside, std::uint8_t{0});
      cut.label_row(tissue, tissue);
    }
  };
  for (const core::Tile& tile : plan.tiles) {
    emit(tile.y);
    std::vector<std::uint8_t> values;
    for (int y = 0; y < plan.tile; ++y) {
      for (int x = 0; x < plan.tile; ++x) values.push_back(glass(tile.x + x, tile.y + y, tile) ? 1 : 0);
    }
    cut.add_glass(tile, values);
  }
  emit(height);
  if (removed) *removed = cut.glass_pixels();
  return sink;
}

// Whatever the tiles: with nothing small, tissue is what is not glass, rows and cells come once and in order.
TEST(TissueCut, TakesGlassAway) {
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    const core::Frame frame = core::make_frame({0, 0, pick(1, 300), pick(1, 300)}, 0, 0);
    core::TilePlanOptions options;
    options.tile = 32 * pick(1, 4);
    options.overlap = pick(0, 6) / 10.0;
    const auto glass = [](std::int64_t x, std::int64_t y, const core::Tile&) { return (x * 7 + y * 13) % 5 == 0; };
    std::int64_t removed = 0;
    const Collector sink = cut(frame, options, 1, 0, glass, &removed);
    ASSERT_EQ(static_cast<std::int64_t>(sink.labels.size()), frame.size.height);
    ASSERT_EQ(static_cast<std::int64_t>(sink.grid.size()), core::divide_up(frame.size.height, 8));
    std::int64_t glasses = 0;
    for (std::int64_t y = 0; y < frame.size.height; ++y) {
      for (std::int64_t x = 0; x < frame.size.width; ++x) {
        const bool is_glass = glass(x, y, {});
        glasses += is_glass;
        ASSERT_EQ(sink.tissue[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)], is_glass ? 0 : 1) << x << ", " << y;
        ASSERT_EQ(sink.labels[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)], is_glass ? 0 : 1);
      }
    }
    EXPECT_EQ(removed, glasses);
    for (std::size_t cell = 0; cell < sink.grid.size(); ++cell) {
      ASSERT_EQ(sink.values[cell].front(), static_cast<float>(cell));
      const std::int64_t y = std::min(static_cast<std::int64_t>(cell) * 8 + 4, frame.size.height - 1);
      for (std::size_t column = 0; column < sink.grid[cell].size(); ++column) {
        const std::int64_t x = std::min(static_cast<std::int64_t>(column) * 8 + 4, frame.size.width - 1);
        ASSERT_EQ(sink.grid[cell][column], glass(x, y, {}) ? 0 : 1) << "a cell is its middle pixel";
      }
    }
  }
}

TEST(TissueCut, SmallHolesAndSmallIslandsGoWithWhatSurroundsThem) {
  const core::Frame frame = core::make_frame({0, 0, 200, 150}, 0, 0);
  const auto in = [](std::int64_t x, std::int64_t y, const core::Rect& box) {
    return x >= box.x && x < box.right() && y >= box.y && y < box.bottom();
  };
  const core::Rect small{20, 20, 9, 11}, large{60, 20, 10, 10}, lumen{100, 50, 40, 40}, speck{110, 60, 5, 5}, at_outside{9, 100, 4, 4};
  const auto glass = [&](std::int64_t x, std::int64_t y, const core::Tile&) {
    return in(x, y, small) || in(x, y, large) || (in(x, y, lumen) && !in(x, y, speck)) || in(x, y, at_outside);
  };
  const Collector sink = cut(frame, {.tile = 64, .overlap = 0.5}, 100, 10, glass);
  const auto tissue = [&](std::int64_t x, std::int64_t y) { return sink.tissue[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)]; };
  EXPECT_EQ(tissue(24, 25), 1) << "99 pixels of glass";
  EXPECT_EQ(tissue(65, 25), 0) << "100 pixels";
  EXPECT_EQ(tissue(102, 52), 0);
  EXPECT_EQ(tissue(112, 62), 0) << "25 pixels of tissue in a lumen";
  EXPECT_EQ(tissue(11, 101), 0) << "open to what is outside of the tissue";
  EXPECT_EQ(tissue(5, 101), 0) << "outside";
  EXPECT_EQ(tissue(150, 140), 1);
}

// Where tiles disagree, the one counts in whose middle the pixel lies; so no seam depends on what a tile sees at its edge.
TEST(TissueCut, TheMiddleOfATileDecides) {
  const core::Frame frame = core::make_frame({0, 0, 256, 64}, 0, 0);
  const auto edge = [](std::int64_t x, std::int64_t, const core::Tile& tile) {  // every tile takes its own edge for glass
    return (x - tile.x < 8 && tile.x > 0) || (x - tile.x >= 56 && tile.x < 192);
  };
  const Collector sink = cut(frame, {.tile = 64, .overlap = 0.5}, 1, 0, edge);
  for (const auto& row : sink.tissue) EXPECT_EQ(std::count(row.begin(), row.end(), 1), 256);
}

}  // namespace
}  // namespace wsi_lpd::raster
