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

}  // namespace

core::ScoreGateOptions gate_of(const Segmenter::Shape& shape) {
  return {shape.presence, shape.score_stride, shape.patch_size, shape.local_presence};
}

void add_to(core::Canvas& canvas, const SeenTile& seen) {
  if (seen.readable) {
    canvas.add(seen.tile, seen.maps, seen.score_maps);
  } else {
    canvas.add_unreadable(seen.tile);
  }
}

SlideCanvas::SlideCanvas(const OpenedSlide& slide, const SlidePlan& plan, const Segmenter& segmenter, const SegmentOptions& options,
                         SlideResults& results, const core::CancelFlag& cancel)
    : results_(results),
      canvas_(plan.tiles, plan.tissue, segmenter.shape().classes.count(), segmenter.shape().grid_stride, options.blend,
              make_rows(slide, plan, segmenter, options, cancel), gate_of(segmenter.shape())) {}

core::CanvasSink& SlideCanvas::make_rows(const OpenedSlide& slide, const SlidePlan& plan, const Segmenter& segmenter,
                                         const SegmentOptions& options, const core::CancelFlag& cancel) {
  core::CanvasSink* rows = &results_;
  if (plan.glass) rows = &cut_.emplace(plan.tiles, segmenter.shape().grid_stride, smallest_hole(options, slide.frame), *rows);
  if (options.crf) {
    rows = &crf_.emplace(slide.tiles, slide.frame, segmenter, *options.crf, options.threads, cancel, *rows);
  }
  return *rows;
}

void SlideCanvas::add(const SeenTile& seen) {
  if (cut_ && seen.readable) cut_->add_glass(seen.tile, seen.glass);
  add_to(canvas_, seen);
  results_.add_tile(seen, cut_ ? share_of_ones(seen.glass) : 0);
}

}  // namespace wsi_lpd::pipeline::segment
