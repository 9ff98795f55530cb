#pragma once
// Private to src/raster: simplifies the border between two regions.
#include <cstdint>
#include <deque>

#include "wsi_lpd/raster/outlines.hpp"

namespace wsi_lpd::raster {

/// A pixel corner at which a border turns.
struct Corner {
  std::int64_t x = 0, y = 0;
  bool shared = false;  ///< another border turns at this corner, too; the two must not touch
};

/// The simplified line through `corners`. An open line keeps its first and last corner. A closed line repeats its first point at the end.
std::vector<core::Point> simplify(const std::deque<Corner>& corners, bool closed, const Lattice& lattice);

}  // namespace wsi_lpd::raster
