#pragma once
// Private to pipeline/: where the tiles of a slide end.
#include <cstdint>
#include <optional>
#include <span>

#include "slide_crf.hpp"
#include "slide_plan.hpp"
#include "slide_results.hpp"
#include "tile_reader.hpp"
#include "wsi_lpd/raster/tissue_cut.hpp"

namespace wsi_lpd::pipeline::segment {

/// Tiles in, rows of labels out: the canvas blends the tiles' maps; with SegmentOptions::crf the CRF moves the borders of its rows; where
/// glass is looked for, it is cut out of them; `results` gets them. Not thread-safe.
class SlideCanvas {
 public:
  /// Keeps references to all but `shape`.
  SlideCanvas(const OpenedSlide& slide, const SlidePlan& plan, const Segmenter::Shape& shape, const SegmentOptions& options,
              SlideResults& results, const core::CancelFlag& cancel);

  /// Tile `index` of the batch `read`, of which the network says `seen`. Tiles come in the plan's order. Throws Error, Cancelled.
  void add(const ReadTiles& read, const TileResults& seen, std::size_t index);
  /// Emits all rows that wait. Throws Error, Cancelled.
  void finish() { canvas_.finish(); }

  /// Right after finish(). TissueCut::glass_pixels(); 0 where glass was not looked for.
  std::int64_t glass_pixels() const { return cut_ ? cut_->glass_pixels() : 0; }
  /// Nothing without a CRF.
  const std::optional<SlideCrf>& crf() const { return crf_; }

 private:
  /// Sets up what stands between canvas and results, and returns the first of it.
  core::CanvasSink& make_rows(const OpenedSlide& slide, const SlidePlan& plan, const Segmenter::Shape& shape, const SegmentOptions& options,
                              const core::CancelFlag& cancel);

  const core::TilePlan& tiles_;
  SlideResults& results_;
  std::optional<raster::TissueCut> cut_;
  std::optional<SlideCrf> crf_;
  core::Canvas canvas_;  ///< last: it needs the others
};

}  // namespace wsi_lpd::pipeline::segment
