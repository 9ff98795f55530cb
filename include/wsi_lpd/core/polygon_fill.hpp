#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::core {

/// Paints polygons into a raster, row by row. A pixel is inside of a polygon where its centre is, by the even-odd rule; a centre on the
/// left or upper side of a polygon is inside, one on the right or lower side is not. Memory: the sides of all polygons, whatever the
/// raster's size. Not thread-safe.
class PolygonFill {
 public:
  /// Polygons are painted in the order of their adding: later ones over earlier ones. All must be added before the first row is painted.
  void add(const Polygon& polygon, std::uint8_t value);
  /// Paints one row. `y` is the centre of its pixels, `x` the centre of its first pixel and `pitch` > 0 the distance between neighbouring
  /// centres, all in the units of the polygons. Pixels outside of all polygons keep their value. Throws Error when `y` is less than that of
  /// the row before.
  void paint_row(double y, double x, double pitch, std::span<std::uint8_t> row);

 private:
  /// A side of a polygon that is not horizontal.
  struct Side {
    double top, bottom;
    double x, run;          ///< at the top; how far x goes until the bottom
    std::uint32_t polygon;  ///< its index
  };
  struct Crossing {
    std::uint32_t polygon;
    double x;
  };
  std::vector<std::uint8_t> values_;  ///< of the polygons
  std::vector<Side> sides_;           ///< by their tops, from the first row on
  std::size_t next_ = 0;              ///< the first of the sides that begin below the last row
  std::vector<Side> active_;          ///< those that cross the last row
  std::vector<Crossing> crossings_;   ///< of the last row
  double last_y_ = -std::numeric_limits<double>::infinity();
};

}  // namespace wsi_lpd::core
