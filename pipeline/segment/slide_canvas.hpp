#pragma once
// Private to pipeline/: turns a slide's tiles into rows of labels.
#include <cstdint>
#include <optional>

#include "slide_crf.hpp"
#include "slide_plan.hpp"
#include "slide_results.hpp"
#include "tile_sink.hpp"
#include "wsi_lpd/raster/tissue_cut.hpp"

namespace wsi_lpd::pipeline::segment {

/// How Segmenter::Shape wants score maps to gate class maps.
core::ScoreGateOptions gate_of(const Segmenter::Shape& shape);

/// Adds the maps of a tile, or marks it if it could not be read.
void add_to(core::Canvas& canvas, const SeenTile& seen);

/// Tiles in, rows of labels out: the canvas blends the tiles' maps; with SegmentOptions::crf the CRF refines the labels; with a GlassFinder
/// glass is cut out; `results` receives the rows. Not thread-safe.
class SlideCanvas : public TileSink {
 public:
  /// Keeps references to all arguments.
  SlideCanvas(const OpenedSlide& slide, const SlidePlan& plan, const Segmenter& segmenter, const SegmentOptions& options,
              SlideResults& results, const core::CancelFlag& cancel);

  void add(const SeenTile& seen) override;
  /// Emits all remaining rows. Throws Error, Cancelled.
  void finish() { canvas_.finish(); }

  /// TissueCut::glass_pixels(), valid after finish(); 0 without a GlassFinder.
  std::int64_t glass_pixels() const { return cut_ ? cut_->glass_pixels() : 0; }
  /// Not set without a CRF.
  const std::optional<SlideCrf>& crf() const { return crf_; }

 private:
  /// Sets up the stages between canvas and results, and returns the first of them.
  core::CanvasSink& make_rows(const OpenedSlide& slide, const SlidePlan& plan, const Segmenter& segmenter, const SegmentOptions& options,
                              const core::CancelFlag& cancel);

  SlideResults& results_;
  std::optional<raster::TissueCut> cut_;
  std::optional<SlideCrf> crf_;
  core::Canvas canvas_;  ///< last member: it uses the others
};

}  // namespace wsi_lpd::pipeline::segment
