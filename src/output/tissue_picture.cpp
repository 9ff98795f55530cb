#include "wsi_lpd/output/tissue_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "legend.hpp"
#include "number_text.hpp"

namespace wsi_lpd::output {
namespace {

struct Style {
  const char* name;
  core::Colour colour;
};
// In the order of Part. Far from H&E's pinks and purples; Okabe and Ito's colours where there are any left.
constexpr std::array<Style, core::kParts> kStyles{{{"glass", {255, 255, 255}},
                                                   {"tissue taken", {0, 158, 115}},
                                                   {"pen ink", {230, 159, 0}},
                                                   {"black, not scanned", {0, 114, 178}},
                                                   {"dust, specks", {86, 180, 233}},
                                                   {"outside of the region", {90, 90, 90}}}};
constexpr core::Colour kGrid{40, 40, 40};
constexpr int kGridPercent = 25;
constexpr double kFinestGrid = 6;  // thumbnail pixels: a finer grid would hide the slide, and only its border is drawn

void blend(std::uint8_t* pixel, core::Colour colour, int percent) {
  const int parts[] = {colour.red, colour.green, colour.blue};
  for (int c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint8_t>((pixel[c] * (100 - percent) + parts[c] * percent + 50) / 100);
}

void paint_parts(core::Image& picture, const core::Image& parts) {
  const std::int64_t reach = 1 + std::max(picture.width(), picture.height()) / 1000;
  const std::int64_t hatch = 4 * reach;
  for (std::int64_t y = 0; y < picture.height(); ++y) {
    for (std::int64_t x = 0; x < picture.width(); ++x) {
      const auto part = static_cast<core::Part>(*parts.at(x, y));
      const core::Colour colour = kStyles[static_cast<std::size_t>(part)].colour;
      if (part == core::Part::Glass) continue;
      if (is_border(parts, x, y, reach)) {
        blend(picture.at(x, y), colour, 100);
      } else if (part != core::Part::Tissue) {
        blend(picture.at(x, y), colour, (x + y) % (2 * hatch) < hatch ? 80 : 30);
      }
    }
  }
}

void draw_grid(core::Image& picture, const core::TilePlan& plan) {
  std::vector<bool> taken(static_cast<std::size_t>(plan.columns * plan.rows));
  const auto at = [&](std::int64_t column, std::int64_t row) -> std::size_t {
    return static_cast<std::size_t>(row * plan.columns + column);
  };
  for (const core::Tile& tile : plan.tiles) taken[at(tile.x / plan.stride, tile.y / plan.stride)] = true;
  const auto is_taken = [&](std::int64_t column, std::int64_t row) {
    return column >= 0 && row >= 0 && column < plan.columns && row < plan.rows && taken[at(column, row)];
  };
  const double scale_x = static_cast<double>(picture.width()) / static_cast<double>(plan.frame.size.width);
  const double scale_y = static_cast<double>(picture.height()) / static_cast<double>(plan.frame.size.height);
  const bool fine = plan.stride * std::min(scale_x, scale_y) < kFinestGrid;
  // The outer tiles' parts reach to the frame's edge.
  const auto edge = [&](std::int64_t index, std::int64_t count, double scale, std::int64_t size) {
    if (index == 0) return std::int64_t{0};
    if (index == count) return size - 1;
    const auto position = static_cast<double>(index * plan.stride) + static_cast<double>(plan.tile - plan.stride) / 2;
    return std::min<std::int64_t>(std::llround(position * scale), size - 1);
  };
  const auto column_edge = [&](std::int64_t column) -> std::int64_t { return edge(column, plan.columns, scale_x, picture.width()); };
  const auto row_edge = [&](std::int64_t row) -> std::int64_t { return edge(row, plan.rows, scale_y, picture.height()); };
  const auto drawn = [&](bool before, bool behind) { return fine ? before != behind : before || behind; };
  for (std::int64_t row = 0; row <= plan.rows; ++row) {
    for (std::int64_t column = 0; column <= plan.columns; ++column) {
      const std::int64_t x = column_edge(column), y = row_edge(row);
      if (column < plan.columns && drawn(is_taken(column, row - 1), is_taken(column, row))) {
        for (std::int64_t i = x; i < column_edge(column + 1); ++i) blend(picture.at(i, y), kGrid, kGridPercent);
      }
      if (row < plan.rows && drawn(is_taken(column - 1, row), is_taken(column, row))) {
        for (std::int64_t i = y; i < row_edge(row + 1); ++i) blend(picture.at(x, i), kGrid, kGridPercent);
      }
    }
  }
}

std::vector<LegendEntry> legend_entries(const core::Image& parts, const core::TilePlan& plan) {
  std::vector<LegendEntry> entries{{"of the slide:", {}}};
  for (std::size_t part = 1; part < kStyles.size(); ++part) {
    const auto pixels = std::count(parts.data(), parts.data() + parts.bytes(), static_cast<std::uint8_t>(part));
    if (pixels == 0 && static_cast<core::Part>(part) != core::Part::Tissue) continue;
    const std::string share = percent(static_cast<double>(pixels) / static_cast<double>(parts.bytes()));
    entries.push_back({kStyles[part].name + ("  " + share), kStyles[part].colour});
  }
  entries.push_back({grouped(static_cast<std::int64_t>(plan.tiles.size())) + " tiles", kGrid});
  return entries;
}

}  // namespace

core::Image draw_tissue(const core::Image& thumbnail, const core::Image& parts, const core::TilePlan& plan, double mpp) {
  const core::Image fitted = on_thumbnail(parts, thumbnail);
  core::Image picture = thumbnail;
  draw_grid(picture, plan);
  paint_parts(picture, fitted);
  const int text_height = text_height_of(picture);
  const core::Rect legend = draw_legend(picture, fitted, legend_entries(fitted, plan), text_height);
  if (mpp > 0) draw_scale_bar(picture, fitted, mpp, text_height, legend);
  return picture;
}

}  // namespace wsi_lpd::output
