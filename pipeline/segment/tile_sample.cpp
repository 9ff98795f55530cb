#include "tile_sample.hpp"

#include <algorithm>
#include <numeric>

namespace wsi_lpd::pipeline::segment {

Precision choose_precision(const core::TilePlan& plan, const TileReader& tiles, Segmenter& segmenter) {
  constexpr std::size_t kSample = 8;
  const std::size_t count = std::min(kSample, plan.tiles.size());
  std::unique_ptr<TileBuffer> sample = segmenter.allocate(static_cast<int>(count), plan.tile);
  for (std::size_t i = 0; i < count; ++i) tiles.read(i * plan.tiles.size() / count, sample->data() + tiles.bytes() * i);
  return segmenter.choose_precision(std::move(sample), static_cast<int>(count), plan.tile);
}

std::vector<float> adapt_presence(const SlidePlan& plan, const TileReader& tiles, Segmenter& segmenter) {
  constexpr std::size_t kSample = 48, kFew = 8;
  constexpr double kWhole = 0.9;  // the mask is coarse
  const core::TilePlan& all = plan.tiles;
  std::vector<std::size_t> whole;
  for (std::size_t i = 0; i < all.tiles.size(); ++i) {
    const double left = all.frame.level0_x_from_output(static_cast<double>(all.tiles[i].x)),
                 top = all.frame.level0_y_from_output(static_cast<double>(all.tiles[i].y));
    const double side = all.tile * all.frame.scale;
    if (plan.tissue.share(left, top, left + side, top + side) >= kWhole) whole.push_back(i);
  }
  if (whole.size() < kFew) {
    whole.resize(all.tiles.size());
    std::iota(whole.begin(), whole.end(), std::size_t{0});
  }
  const std::size_t count = std::min(kSample, whole.size());
  std::unique_ptr<TileBuffer> sample = segmenter.allocate(static_cast<int>(count), all.tile);
  int readable = 0;
  for (std::size_t i = 0; i < count; ++i)
    readable += tiles.read(whole[i * whole.size() / count], sample->data() + tiles.bytes() * static_cast<std::size_t>(readable));
  return segmenter.adapt_presence(std::move(sample), readable, all.tile);
}

}  // namespace wsi_lpd::pipeline::segment
