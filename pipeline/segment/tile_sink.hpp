#pragma once
// Private to pipeline/: what passes from the stream of tiles to its receiver.
#include <cmath>
#include <cstdint>
#include <span>

#include "wsi_lpd/core/tile_plan.hpp"

namespace wsi_lpd::pipeline::segment {

/// One tile with what was measured in its pixels and what the segmenter saw (ReadTiles, TileResults). A view of memory that others own.
struct SeenTile {
  core::Tile tile;
  bool readable = true;
  float focus = NAN, stain_distance = NAN, feature_distance = NAN;  ///< NaN: not known
  std::span<const std::uint8_t> glass{};                            ///< [tile, tile]; empty without a GlassFinder
  std::span<const float> maps{}, score_maps{};                      ///< score_maps: empty for a tile that was not to be scored
  std::span<const float> scores{}, prototypes{}, features{};
};

/// Receives tiles in the order of a plan. Not thread-safe.
class TileSink {
 public:
  virtual ~TileSink() = default;
  /// Throws Error, Cancelled.
  virtual void add(const SeenTile& seen) = 0;
};

}  // namespace wsi_lpd::pipeline::segment
