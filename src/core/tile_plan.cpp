#include "wsi_lpd/core/tile_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
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
  const std::int64_t longest_strip = 1 + std::max<std::int64_t>(0, static_cast<std::int64_t>(room / level_stride));
  std::int64_t last_column = std::numeric_limits<std::int64_t>::min();

  for (std::int64_t row = 0; row < plan.rows; ++row) {
    const Span y = core_of(row, plan.rows, plan.tile, plan.stride, frame.size.height);
    for (std::int64_t column = 0; column < plan.columns; ++column) {
      const Span x = core_of(column, plan.columns, plan.tile, plan.stride, frame.size.width);
      if (!tissue.any(frame.level0_x_from_output(x.begin), frame.level0_y_from_output(y.begin), frame.level0_x_from_output(x.end),
                      frame.level0_y_from_output(y.end))) {
        continue;
      }
      const Tile tile{column * plan.stride, row * plan.stride};
      if (plan.batches.empty() || plan.batches.back().tiles == static_cast<std::size_t>(options.batch_size)) {
        plan.batches.push_back({plan.tiles.size(), 0, plan.strips.size(), 0});
      }
      TileBatch& batch = plan.batches.back();
      const bool extends = batch.strips > 0 && plan.strips.back().region.y == tile.y && last_column == column - 1 &&
                           static_cast<std::int64_t>(plan.strips.back().count) < longest_strip;
      if (!extends) {
        plan.strips.push_back({{tile.x, tile.y, plan.tile, plan.tile}, plan.tiles.size(), 0});
        ++batch.strips;
      }
      Strip& strip = plan.strips.back();
      strip.region.width = tile.x + plan.tile - strip.region.x;
      ++strip.count;
      ++batch.tiles;
      plan.tiles.push_back(tile);
      last_column = column;
    }
  }
  return plan;
}

std::vector<std::uint8_t> sparse_tiles(const TilePlan& plan) {
  const std::int64_t step = plan.tile / plan.stride;
  const auto lies_on = [&](std::int64_t index, std::int64_t count) { return index % step == 0 || index == count - 1; };
  std::set<std::pair<std::int64_t, std::int64_t>> found;  // (row, column)
  std::vector<std::uint8_t> sparse;
  for (const Tile& tile : plan.tiles) {
    const std::int64_t row = tile.y / plan.stride, column = tile.x / plan.stride;
    sparse.push_back(lies_on(row, plan.rows) && lies_on(column, plan.columns) ? 1 : 0);
    if (sparse.back()) found.emplace(row, column);
  }
  for (std::size_t i = 0; i < sparse.size(); ++i) {
    if (sparse[i]) continue;
    const auto nearest = [&](std::int64_t index, std::int64_t count) {
      return std::array{index - index % step, lies_on(index, count) ? index : std::min(index - index % step + step, count - 1)};
    };
    bool overlapped = false;
    for (const std::int64_t row : nearest(plan.tiles[i].y / plan.stride, plan.rows))
      for (const std::int64_t column : nearest(plan.tiles[i].x / plan.stride, plan.columns))
        overlapped = overlapped || found.contains({row, column});
    if (!overlapped) sparse[i] = 1;
  }
  return sparse;
}

}  // namespace wsi_lpd::core
