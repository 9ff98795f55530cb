#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/tissue_mask.hpp"

namespace wsi_lpd::core {

/// Tiles start at multiples of this many output pixels: the network's coarsest maps (stride 16) of all tiles then lie on one grid.
inline constexpr int kTileAlignment = 16;

/// Weights of a tile's `cells` along one axis for averaging overlapping tiles: a raised cosine, lowest at the edges, where the network sees
/// the least surroundings. Thread-safe.
std::vector<float> tile_window(std::int64_t cells);

struct TilePlanOptions {
  int tile = 224;                                         ///< side, output pixels; a multiple of the network's tile_multiple
  double overlap = 0.5;                                   ///< wanted share of a tile that its neighbour repeats, 0…0.9
  int batch_size = 16;                                    ///< tiles per forward pass
  double level_pixels_per_output_pixel = 1;               ///< along one axis, of the level that is read
  std::int64_t max_strip_pixels = std::int64_t{4} << 20;  ///< level pixels that one read may decode (a single tile always may)
};

struct Tile {
  std::int64_t x = 0;  ///< output pixels; a tile of the last column or row may reach past the frame
  std::int64_t y = 0;
  bool operator==(const Tile&) const = default;
};

/// Neighbouring tiles of one row that one read serves.
struct Strip {
  Rect region;            ///< output pixels
  std::size_t first = 0;  ///< index of its first tile in the plan
  std::size_t count = 0;
};

/// The tiles of one forward pass, and the strips that have them: ranges of indices in the plan.
struct TileBatch {
  std::size_t first_tile = 0, tiles = 0;
  std::size_t first_strip = 0, strips = 0;
};

/// Which tiles are read of a slide, and in which order: row by row, left to right. Pure data; making a plan reads no pixels.
struct TilePlan {
  Frame frame;
  int tile = 0;                        ///< output pixels
  int stride = 0;                      ///< output pixels from one tile to the next, a multiple of kTileAlignment
  std::int64_t columns = 0, rows = 0;  ///< of the whole grid, tissue or not
  std::vector<Tile> tiles;
  std::vector<Strip> strips;
  std::vector<TileBatch> batches;
  std::size_t batch_size = 1;     ///< most tiles of a batch
  std::size_t longest_strip = 1;  ///< most tiles of a strip
  std::int64_t skipped() const { return columns * rows - static_cast<std::int64_t>(tiles.size()); }
};

/// The multiple of kTileAlignment nearest to tile·(1 − overlap), at least one and at most the tile.
int tile_stride(int tile, double overlap);

/// Tiles cover the frame from its origin; the last ones reach past its edge. A tile is taken if the part of the frame that it is the
/// nearest to (its middle stride × stride, to the frame's edge for outer tiles) touches tissue. Thread-safe.
TilePlan plan_tiles(const Frame& frame, const TissueMask& tissue, const TilePlanOptions& options);

/// Which tiles of the plan are enough to see each place about once: 1 for these, 0 for the others. They lie on every n-th column and row, n
/// = tile / stride rounded down, and on the last ones. A tile beside which none of these is in the plan is one, too. Thread-safe.
std::vector<std::uint8_t> sparse_tiles(const TilePlan& plan);

/// Tiles of the plan, made for `tissue`, that together see all tissue: those on the columns and rows of sparse_tiles(), and tiles in whose
/// middle is tissue where one of these is not in the plan. Thread-safe.
std::vector<std::uint8_t> covering_tiles(const TilePlan& plan, const TissueMask& tissue);

/// The plan's tiles that are `wanted` (1), in strips and batches of their own. Thread-safe.
TilePlan part_of(const TilePlan& plan, std::span<const std::uint8_t> wanted);

}  // namespace wsi_lpd::core
