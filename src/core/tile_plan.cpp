#include "wsi_lpd/core/tile_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <set>
#include <utility>

namespace wsi_lpd::core {
namespace {

// The part of one axis that belongs to tile `index` of `count`, output pixels.
struct Span {
  double begin, end;
};
Span core_of(std::int64_t index, std::int64_t count, int tile, int stride, std::int64_t length) {
  const std::int64_t margin = (tile - stride) / 2;
  const std::int64_t begin = index == 0 ? 0 : index * stride + margin;
  const std::int64_t end = index == count - 1 ? length : index * stride + margin + stride;
  return {static_cast<double>(begin), static_cast<double>(std::min(end, length))};
}

/// Groups the plan's tiles into strips and batches, in place of those that it has.
void arrange(TilePlan& plan) {
  plan.strips.clear();
  plan.batches.clear();
  for (std::size_t i = 0; i < plan.tiles.size(); ++i) {
    const Tile& tile = plan.tiles[i];
    if (plan.batches.empty() || plan.batches.back().tiles == plan.batch_size) plan.batches.push_back({i, 0, plan.strips.size(), 0});
    TileBatch& batch = plan.batches.back();
    const bool extends =
        batch.strips > 0 && plan.tiles[i - 1] == Tile{tile.x - plan.stride, tile.y} && plan.strips.back().count < plan.longest_strip;
    if (!extends) {
      plan.strips.push_back({{tile.x, tile.y, plan.tile, plan.tile}, i, 0});
      ++batch.strips;
    }
    Strip& strip = plan.strips.back();
    strip.region.width = tile.x + plan.tile - strip.region.x;
    ++strip.count;
    ++batch.tiles;
  }
}

bool any_tissue(const TissueMask& tissue, const Frame& frame, const Span& x, const Span& y) {
  return tissue.any(frame.level0_x_from_output(x.begin), frame.level0_y_from_output(y.begin), frame.level0_x_from_output(x.end),
                    frame.level0_y_from_output(y.end));
}

/// The columns and rows of sparse_tiles(), and which tiles of the plan lie on both.
class SparseGrid {
 public:
  explicit SparseGrid(const TilePlan& plan) : plan_(plan), step_(plan.tile / plan.stride) {
    for (const Tile& tile : plan.tiles)
      if (has(tile)) found_.emplace(tile.y, tile.x);
  }
  bool has(const Tile& tile) const { return lies_on(tile.y / plan_.stride, plan_.rows) && lies_on(tile.x / plan_.stride, plan_.columns); }
  /// Calls `visit` with each place of the grid that is the nearest to a tile, one or two along each axis, and whether the plan has a tile
  /// there.
  template <class Visit>
  void visit_nearest(const Tile& tile, Visit visit) const {
    for (const std::int64_t row : nearest(tile.y / plan_.stride, plan_.rows))
      for (const std::int64_t column : nearest(tile.x / plan_.stride, plan_.columns)) {
        const Tile place{column * plan_.stride, row * plan_.stride};
        visit(place, found_.contains({place.y, place.x}));
      }
  }

 private:
  bool lies_on(std::int64_t index, std::int64_t count) const { return index % step_ == 0 || index == count - 1; }
  std::vector<std::int64_t> nearest(std::int64_t index, std::int64_t count) const {
    if (lies_on(index, count)) return {index};
    return {index - index % step_, std::min(index - index % step_ + step_, count - 1)};
  }

  const TilePlan& plan_;
  std::int64_t step_;
  std::set<std::pair<std::int64_t, std::int64_t>> found_;  // (y, x)
};

}  // namespace

std::vector<float> tile_window(std::int64_t cells) {
  std::vector<float> window;
  for (std::int64_t i = 0; i < cells; ++i) {
    const double s = std::sin(std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(cells));
    window.push_back(static_cast<float>(s * s));
  }
  return window;
}

int tile_stride(int tile, double overlap) {
  const auto steps = static_cast<int>(std::lround(tile * (1 - overlap) / kTileAlignment));
  return std::clamp(steps * kTileAlignment, kTileAlignment, tile);
}

TilePlan plan_tiles(const Frame& frame, const TissueMask& tissue, const TilePlanOptions& options) {
  TilePlan plan;
  plan.frame = frame;
  plan.tile = options.tile;
  plan.stride = tile_stride(options.tile, options.overlap);
  const auto count = [&](std::int64_t length) { return length <= plan.tile ? 1 : 1 + divide_up(length - plan.tile, plan.stride); };
  plan.columns = count(frame.size.width);
  plan.rows = count(frame.size.height);

  const double level_tile = plan.tile * options.level_pixels_per_output_pixel;
  const double level_stride = plan.stride * options.level_pixels_per_output_pixel;
  const double room = static_cast<double>(options.max_strip_pixels) / level_tile - level_tile;
  plan.batch_size = static_cast<std::size_t>(options.batch_size);
  plan.longest_strip = 1 + static_cast<std::size_t>(std::max(0.0, room / level_stride));

  for (std::int64_t row = 0; row < plan.rows; ++row) {
    const Span y = core_of(row, plan.rows, plan.tile, plan.stride, frame.size.height);
    for (std::int64_t column = 0; column < plan.columns; ++column) {
      const Span x = core_of(column, plan.columns, plan.tile, plan.stride, frame.size.width);
      if (any_tissue(tissue, frame, x, y)) plan.tiles.push_back({column * plan.stride, row * plan.stride});
    }
  }
  arrange(plan);
  return plan;
}

std::vector<std::uint8_t> sparse_tiles(const TilePlan& plan) {
  const SparseGrid grid(plan);
  std::vector<std::uint8_t> sparse;
  for (const Tile& tile : plan.tiles) {
    bool is_seen = false;
    grid.visit_nearest(tile, [&](const Tile&, bool is_there) { is_seen = is_seen || is_there; });
    sparse.push_back(grid.has(tile) || !is_seen ? 1 : 0);
  }
  return sparse;
}

std::vector<std::uint8_t> covering_tiles(const TilePlan& plan, const TissueMask& tissue) {
  const SparseGrid grid(plan);
  const auto seen_from = [&](const Span& middle, std::int64_t place) {
    return Span{std::max(middle.begin, static_cast<double>(place)), std::min(middle.end, static_cast<double>(place + plan.tile))};
  };
  std::vector<std::uint8_t> covering;
  for (const Tile& tile : plan.tiles) {
    const Span x = core_of(tile.x / plan.stride, plan.columns, plan.tile, plan.stride, plan.frame.size.width),
               y = core_of(tile.y / plan.stride, plan.rows, plan.tile, plan.stride, plan.frame.size.height);
    bool is_needed = grid.has(tile);
    grid.visit_nearest(tile, [&](const Tile& place, bool is_there) {
      if (!is_there && !is_needed) is_needed = any_tissue(tissue, plan.frame, seen_from(x, place.x), seen_from(y, place.y));
    });
    covering.push_back(is_needed ? 1 : 0);
  }
  return covering;
}

TilePlan part_of(const TilePlan& plan, std::span<const std::uint8_t> wanted) {
  TilePlan part = plan;
  part.tiles.clear();
  for (std::size_t i = 0; i < plan.tiles.size(); ++i)
    if (wanted[i]) part.tiles.push_back(plan.tiles[i]);
  arrange(part);
  return part;
}

}  // namespace wsi_lpd::core
