#pragma once
// Private to pipeline/: the third step of segmenting a slide.
#include <array>
#include <cstdint>
#include <vector>

#include "slide_canvas.hpp"
#include "tile_reader.hpp"
#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::pipeline::segment {

/// Counts and times of the stream of a slide's tiles.
struct StreamCounts {
  std::int64_t unreadable = 0;  ///< tiles
  std::vector<std::array<std::int64_t, 2>>
      unreadable_positions;  ///< level-0 (x, y) of the first SlideStatistics::kMostPositions unreadable tiles
  double read_seconds = 0, forward_seconds = 0, accumulate_seconds = 0;  ///< summed over threads
};

/// Reads all tiles of `plan`, runs the segmenter on them, and passes the results to `sink` in the order of the plan, so that the result is
/// the same for any number of threads and tokens. Runs a oneTBB pipeline with at most SegmentOptions::tokens batches in memory. Throws
/// Error (more unreadable tiles than SegmentOptions::max_unreadable allows, errors of segmenter and sink) or Cancelled.
StreamCounts stream_tiles(const core::TilePlan& plan, const TileReader& reader, Segmenter& segmenter, SlideCanvas& sink,
                          const SegmentOptions& options, const core::Work& work);

/// SegmentOptions::threads, or all cores.
int thread_count(const SegmentOptions& options);

}  // namespace wsi_lpd::pipeline::segment
