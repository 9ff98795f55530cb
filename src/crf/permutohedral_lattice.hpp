#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "thread_team.hpp"
#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::crf {

/// Values of four labels, for one vector instruction.
using Float4 = float __attribute__((vector_size(16)));

/// An image cut into square tiles, the unit of work. A tile is so small that it touches fewer than 2^16 lattice points, at 6 per pixel.
/// Sums over an image are made tile by tile, so that they do not depend on the number of threads.
struct TileGrid {
  static constexpr std::int64_t kSide = 64;
  std::int64_t width = 0;
  std::int64_t height = 0;

  std::int64_t columns() const { return core::divide_up(width, kSide); }
  std::int64_t count() const { return columns() * core::divide_up(height, kSide); }
  core::Rect tile(std::int64_t t) const {
    return core::intersection({t % columns() * kSide, t / columns() * kSide, kSide, kSide}, {0, 0, width, height});
  }
  /// Index of a tile's first pixel when pixels are ordered by tile, then by row.
  std::int64_t first_pixel(const core::Rect& tile) const { return tile.y * width + tile.x * tile.height; }
};

/// Applies the kernel exp(−½‖Δ‖²) of D-dimensional pixel features to values of the pixels, normalised by the square roots of its row sums
/// on both sides. Values are splatted onto the permutohedral lattice, blurred there, and sliced (Adams, Baek & Davis 2010). One thread team
/// at a time; splat and slice of different tiles may run in parallel.
template <int D>
class PermutohedralLattice {
 public:
  /// Writes features [D][TileGrid::kSide], all ≥ 0, of the `width` pixels from (x, y) to the right.
  using RowFeatures = std::function<void(std::int64_t x, std::int64_t y, std::int64_t width, float* features)>;

  /// `largest` are upper bounds of the features. `planes` is the number of planes of four labels. Throws UsageError when the features are
  /// too large for the keys.
  PermutohedralLattice(const TileGrid& grid, const std::array<float, D>& largest, const RowFeatures& features, int planes,
                       ThreadTeam& team);

  /// Splats the values [planes][pixels of the tile] of tile t.
  void splat(std::int64_t t, const Float4* values);
  /// Blurs the splatted values of all tiles.
  void filter(ThreadTeam& team);
  /// Adds weight · (the filtered values) to `sums` [planes][pixels of the tile].
  void slice(std::int64_t t, float weight, Float4* sums) const;

 private:
  /// The simplex of a pixel: D + 1 lattice points, by their index in the tile, and their barycentric weights.
  struct Simplex {
    std::array<float, D + 1> weight;
    std::array<std::uint16_t, D + 1> point;
  };

  std::vector<std::uint64_t> embed(std::int64_t t, const RowFeatures& features);
  void number_points(std::vector<std::vector<std::uint64_t>> tile_keys, ThreadTeam& team);
  void normalise(ThreadTeam& team);
  void allocate(int planes);

  TileGrid grid_;
  int planes_ = 1;
  std::vector<Simplex> simplices_;       ///< [pixels], by tile
  std::vector<float> scale_;             ///< [pixels], by tile: 1 / sqrt(row sum)
  std::size_t points_ = 0;               ///< number of lattice points
  std::vector<std::size_t> first_copy_;  ///< [tiles + 1] into point_of_copy_: a tile's own copies of its points
  std::vector<std::uint32_t> point_of_copy_;
  std::vector<std::uint32_t> first_of_point_;  ///< [points_ + 1] into copies_
  std::vector<std::uint32_t> copies_;          ///< the copies of point 0, of point 1, …
  /// For each direction of the blur, all points, ordered by chains of neighbours. The first point of a chain is marked (see blur).
  std::array<std::vector<std::uint32_t>, D + 1> chains_;
  std::vector<Float4> copy_values_;  ///< [planes][copies]
  std::vector<Float4> values_;       ///< [planes][points_]
};

extern template class PermutohedralLattice<2>;
extern template class PermutohedralLattice<5>;

}  // namespace wsi_lpd::crf
