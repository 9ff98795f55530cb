#pragma once
// Private to pipeline/: the third step of segmenting a slide.
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tile_reader.hpp"
#include "tile_sink.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::segment {

/// Counts and times of the stream of a slide's tiles.
struct StreamCounts {
  std::int64_t tiles = 0, unreadable = 0;  ///< of these
  std::vector<std::array<std::int64_t, 2>>
      unreadable_positions;  ///< level-0 (x, y) of the first SlideStatistics::kMostPositions unreadable tiles
  double read_seconds = 0, forward_seconds = 0, accumulate_seconds = 0;  ///< summed over threads
};

/// Reads all tiles of `plan`, which is that of `reader`, runs the segmenter on them, and passes the results to `sink` in the order of the
/// plan, so that the result is the same for any number of threads and tokens. `scored` [tiles]: 1 for those that the segmenter is to score.
/// `name` is what the observer is told. `before` has the counts of earlier streams of the same slide, which the new ones are added to. Runs
/// a oneTBB pipeline with at most SegmentOptions::tokens batches in memory. Throws Error (more unreadable tiles than
/// SegmentOptions::max_unreadable allows, errors of segmenter and sink) or Cancelled.
StreamCounts stream_tiles(const core::TilePlan& plan, std::vector<std::uint8_t> scored, const TileReader& reader, Segmenter& segmenter,
                          TileSink& sink, const SegmentOptions& options, const core::Work& work, const std::string& name = "segmenting",
                          StreamCounts before = {});

/// Which tiles of a plan the segmenter is to score.
std::vector<std::uint8_t> scored_tiles(const core::TilePlan& plan, const Segmenter::Shape& shape);

/// SegmentOptions::threads, or all cores.
int thread_count(const SegmentOptions& options);

}  // namespace wsi_lpd::pipeline::segment
