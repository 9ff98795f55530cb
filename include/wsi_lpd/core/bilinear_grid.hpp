#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace wsi_lpd::core {

/// Bilinear interpolation from a coarse grid to pixels along one axis: the two cells whose centres lie before and after a pixel's centre,
/// and the pixel's place between them. A cell is `stride` pixels wide; grid and pixels begin at the same edge, so that centres are at
/// halves of both. Pixels outside of the outermost centres take the outermost cell's value.
struct BetweenCells {
  std::size_t before = 0, after = 0;  ///< cells; the same one at the grid's edges
  float fraction = 0;                 ///< 0 at the centre of `before`, 1 at that of `after`

  BetweenCells(std::int64_t pixel, std::int64_t stride, std::int64_t cells) {
    const double position = (static_cast<double>(pixel) + 0.5) / static_cast<double>(stride) - 0.5;
    const double cell = std::floor(position);
    fraction = static_cast<float>(position - cell);
    before = static_cast<std::size_t>(std::clamp(static_cast<std::int64_t>(cell), std::int64_t{0}, cells - 1));
    after = static_cast<std::size_t>(std::clamp(static_cast<std::int64_t>(cell) + 1, std::int64_t{0}, cells - 1));
  }
  /// The value at the pixel, of those at the two cells.
  float operator()(float value_before, float value_after) const { return value_before + fraction * (value_after - value_before); }
};

}  // namespace wsi_lpd::core
