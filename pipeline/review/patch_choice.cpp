#include "patch_choice.hpp"

#include <algorithm>
#include <cmath>

#include "wsi_lpd/core/counter_random.hpp"
#include "wsi_lpd/core/tile_plan.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/image/raster_writer.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

constexpr double kEnoughPixels = 64;  // across a patch: its shares are then of 4096 pixels

constexpr double kRounding = 1e-9;  // of shares: parts of cells may not add up to all of it

/// The coarsest level of a pyramid on which `side` (level-0 pixels) is wide enough.
int level_for(double side, double scale, core::Size size) {
  const int last = static_cast<int>(image::pyramid_sizes(size).size()) - 1;
  int level = 0;
  while (level < last && side / (scale * static_cast<double>(std::int64_t{2} << level)) >= kEnoughPixels) ++level;
  return level;
}

}  // namespace

PatchSums::Span PatchSums::pixels_in(double begin, double end, double offset, double pitch, std::int64_t count) {
  const auto index = [&](double level0) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil((level0 - offset) / pitch - 0.5)), 0, count);
  };
  return {index(begin), index(end)};
}

PatchSums::PatchSums(const std::vector<PatchPlace>& places, const core::Frame& frame, int size, core::Point origin, double pitch,
                     core::Size raster) {
  for (const PatchPlace& place : places) {
    const auto x = static_cast<double>(place.x), y = static_cast<double>(place.y);
    patches_.push_back({pixels_in(frame.level0_x_from_output(x), frame.level0_x_from_output(x + size), origin.x, pitch, raster.width),
                        pixels_in(frame.level0_y_from_output(y), frame.level0_y_from_output(y + size), origin.y, pitch, raster.height)});
  }
}

bool PatchSums::wants(std::int64_t y) {
  while (first_ < patches_.size() && patches_[first_].rows.end <= y) ++first_;
  return first_ < patches_.size();
}

// Places come row by row: those that a row of the raster meets are a run of them, or nearly.
void PatchSums::add(std::int64_t y, const std::vector<double>& sums) {
  for (std::size_t i = first_; i < patches_.size() && patches_[i].rows.first <= y; ++i) {
    Patch& patch = patches_[i];
    if (patch.rows.end > y)
      patch.sum += sums[static_cast<std::size_t>(patch.columns.end)] - sums[static_cast<std::size_t>(patch.columns.first)];
  }
}

double PatchSums::mean(std::size_t i) const {
  const Patch& patch = patches_[i];
  return patch.sum / static_cast<double>((patch.columns.end - patch.columns.first) * (patch.rows.end - patch.rows.first));
}

std::vector<PatchPlace> places_with_tissue(const core::Frame& frame, const core::TissueMask& tissue, int size, const TileOptions& options) {
  const core::TilePlan plan = core::plan_tiles(frame, tissue, {.tile = size, .overlap = options.overlap});
  std::vector<PatchPlace> places;
  for (const core::Tile& tile : plan.tiles) {
    if (tile.x + size > frame.size.width || tile.y + size > frame.size.height) continue;
    const auto x = static_cast<double>(tile.x), y = static_cast<double>(tile.y);
    const double share = tissue.share(frame.level0_x_from_output(x), frame.level0_y_from_output(y), frame.level0_x_from_output(x + size),
                                      frame.level0_y_from_output(y + size));
    if (share >= options.min_tissue - kRounding) places.push_back({tile.x, tile.y, share});
  }
  return places;
}

void keep_class(std::vector<PatchPlace>& places, const core::Frame& frame, int size, const ResultRaster& result, std::uint8_t value,
                double min_share, const core::CancelFlag& cancel) {
  const int level = level_for(size * frame.scale, result.scale, image::LabelReader::open(result.path)->size());
  const auto reader = image::LabelReader::open(result.path, level);
  const double pitch = result.scale * static_cast<double>(std::int64_t{1} << level);
  const core::Size raster = reader->size();
  PatchSums sums(places, frame, size, {static_cast<double>(result.bounds.x), static_cast<double>(result.bounds.y)}, pitch, raster);
  std::vector<std::uint8_t> row(static_cast<std::size_t>(raster.width));
  std::vector<double> before(row.size() + 1);  // pixels of the class left of each
  for (std::int64_t y = 0; y < raster.height && sums.wants(y); ++y) {
    core::check(cancel);
    reader->next_row(row.data());
    if (!sums.meets(y)) continue;
    for (std::size_t x = 0; x < row.size(); ++x) before[x + 1] = before[x] + (row[x] == value ? 1 : 0);
    sums.add(y, before);
  }
  std::vector<PatchPlace> kept;
  for (std::size_t i = 0; i < places.size(); ++i) {
    places[i].of_class = sums.mean(i);
    if (places[i].of_class >= min_share) kept.push_back(places[i]);
  }
  places = std::move(kept);
}

void draw(std::vector<PatchPlace>& places, std::int64_t count, std::uint64_t seed) {
  if (static_cast<std::int64_t>(places.size()) <= count) return;
  // The smallest of numbers that depend on the place alone: what else there is to draw from changes nothing.
  const auto number = [&](const PatchPlace& place) {
    return core::hash(core::hash(seed, static_cast<std::uint64_t>(place.x)), static_cast<std::uint64_t>(place.y));
  };
  const auto by_number = [&](const PatchPlace& a, const PatchPlace& b) { return number(a) < number(b); };
  const auto by_place = [](const PatchPlace& a, const PatchPlace& b) { return std::pair(a.y, a.x) < std::pair(b.y, b.x); };
  std::nth_element(places.begin(), places.begin() + count, places.end(), by_number);
  places.resize(static_cast<std::size_t>(count));
  std::sort(places.begin(), places.end(), by_place);
}

}  // namespace wsi_lpd::pipeline::review
