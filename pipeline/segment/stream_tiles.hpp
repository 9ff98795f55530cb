#pragma once
// Private to pipeline/: the third step of segmenting a slide.
#include <array>
#include <cstdint>
#include <vector>

#include "slide_canvas.hpp"
#include "tile_reader.hpp"
#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::pipeline::segment {

/// What the stream of a slide's tiles came to.
struct StreamCounts {
  std::int64_t unreadable = 0;                                    ///< tiles
  std::vector<std::array<std::int64_t, 2>> unreadable_positions;  ///< level-0 (x, y) of the first SlideStatistics::kMostPositions of them
  double read_seconds = 0, forward_seconds = 0, accumulate_seconds = 0;  ///< summed over threads
};

/// Reads all tiles of `plan`, lets the segmenter see them, and gives them to `sink`, in the plan's order, so that the result is the same
/// for any number of threads and tokens. At most SegmentOptions::tokens batches are in memory. Throws Error (more tiles unreadable than
/// SegmentOptions::max_unreadable allows, what segmenter and sink throw) or Cancelled.
StreamCounts stream_tiles(const core::TilePlan& plan, const TileReader& reader, Segmenter& segmenter, SlideCanvas& sink,
                          const SegmentOptions& options, const core::Work& work);

/// SegmentOptions::threads, or all cores.
int thread_count(const SegmentOptions& options);

}  // namespace wsi_lpd::pipeline::segment
