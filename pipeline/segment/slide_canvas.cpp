#include "slide_canvas.hpp"

#include <algorithm>
#include <cmath>

namespace wsi_lpd::pipeline::segment {
namespace {

/// Output pixels. Where µm/px is unknown, a common 0.5 stands for it.
std::int64_t smallest_hole(const SegmentOptions& options, const core::Frame& frame) {
  constexpr double kCommonMpp = 0.5;
  const double mpp = frame.mpp > 0 ? frame.mpp : kCommonMpp;
  return std::llround(options.min_hole / (mpp * mpp));
}

double share_of_ones(std::span<const std::uint8_t> pixels) {
  return static_cast<double>(std::count(pixels.begin(), pixels.end(), 1)) / static_cast<double>(pixels.size());
}

/// The values of one of `count` tiles.
template <class T>
std::span<const T> part(const std::vector<T>& values, std::size_t index, std::size_t count) {
  const std::size_t size = values.size() / count;
  return std::span(values).subspan(index * size, size);
}

}  // namespace

SlideCanvas::SlideCanvas(const OpenedSlide& slide, const SlidePlan& plan, const Segmenter::Shape& shape, const SegmentOptions& options,
                         SlideResults& results, const core::CancelFlag& cancel)
    : tiles_(plan.tiles),
      results_(results),
      canvas_(plan.tiles, plan.tissue, shape.classes.count(), shape.grid_stride, options.blend,
              make_rows(slide, plan, shape, options, cancel),
              {shape.presence, shape.score_stride, shape.patch_size, shape.local_presence}) {}

core::CanvasSink& SlideCanvas::make_rows(const OpenedSlide& slide, const SlidePlan& plan, const Segmenter::Shape& shape,
                                         const SegmentOptions& options, const core::CancelFlag& cancel) {
  core::CanvasSink* rows = &results_;
  if (plan.glass) rows = &cut_.emplace(plan.tiles, shape.grid_stride, smallest_hole(options, slide.frame), *rows);
  if (options.crf) {
    rows = &crf_.emplace(slide.tiles, slide.frame, shape.classes.count(), shape.grid_stride, *options.crf, options.threads, cancel, *rows);
  }
  return *rows;
}

void SlideCanvas::add(const ReadTiles& read, const TileResults& seen, std::size_t index, bool scored) {
  const std::size_t count = read.batch->tiles;
  const core::Tile& tile = tiles_.tiles[read.batch->first_tile + index];
  if (read.readable[index]) {
    if (cut_) cut_->add_glass(tile, part(read.glass, index, count));
    canvas_.add(tile, part(seen.maps, index, count), scored ? part(seen.score_maps, index, count) : std::span<const float>());
  } else {
    canvas_.add_unreadable(tile);
  }
  results_.add_tile(tile, seen, read, index, cut_ ? share_of_ones(part(read.glass, index, count)) : 0);
}

}  // namespace wsi_lpd::pipeline::segment
