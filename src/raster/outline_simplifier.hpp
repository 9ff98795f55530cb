#pragma once
// Private to src/core: a border between two regions, from pixel corners to a simplified line.
#include <cstdint>
#include <deque>

#include "wsi_lpd/raster/outlines.hpp"

namespace wsi_lpd::raster {

/// Where a border turns: a corner of pixels.
struct Corner {
  std::int64_t x = 0, y = 0;
  bool shared = false;  ///< another border turns here, too: they must not touch
};

/// The simplified line through `corners`: from the first to the last, which stay where they are, or (`closed`) around, the first point
/// repeated at the end.
std::vector<core::Point> simplify(const std::deque<Corner>& corners, bool closed, const Lattice& lattice);

}  // namespace wsi_lpd::raster
