#pragma once
// Private to pipeline/: segments with fewer tiles, where one look is enough.
#include <filesystem>

#include "slide_plan.hpp"
#include "stream_tiles.hpp"

namespace wsi_lpd::pipeline::segment {

/// As stream_tiles() with all tiles of `plan`, but looks at core::covering_tiles() first, and then at the share SegmentOptions::effort of
/// the others: those with the most doubt. The doubt about a tile is (1 − the share of its commonest class) × the mean entropy of its cells
/// (core::cell_entropy), both in the labels that the first look alone gives; a tile of one class has none and is never looked at again.
/// What the first look sees is kept in a file without a name in `folder` (TileStore), 10 to 20 KB a tile. `sink` gets the tiles of both
/// looks in the order of the plan.
StreamCounts stream_in_two_looks(const SlidePlan& plan, const TileReader& reader, Segmenter& segmenter, TileSink& sink,
                                 const SegmentOptions& options, const std::filesystem::path& folder, const core::Work& work);

}  // namespace wsi_lpd::pipeline::segment
