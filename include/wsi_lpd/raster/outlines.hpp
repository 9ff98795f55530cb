#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::raster {

/// One region of a class as a polygon, in the plane of Lattice. Valid by construction: rings do not cross or touch themselves or each
/// other, and the polygons of neighbouring regions have exactly equal coordinates along their common border.
struct Outline {
  std::uint8_t value = 0;
  core::Ring outer;               ///< positive area (counter-clockwise where y points up)
  std::vector<core::Ring> holes;  ///< negative area
  double area() const;
  double perimeter() const;  ///< sum over all rings
};

/// The position of a raster's pixels in the plane: squares of side `pitch` from the origin, except that the last column and row end at
/// `right` and `bottom` (the sizes of pyramid levels are rounded up).
struct Lattice {
  core::Size size;  ///< pixels
  double pitch = 1;
  double right = 0, bottom = 0;
};

/// Turns a label raster that streams by into polygons. Borders run along pixel edges and are then simplified: no corner moves by more than
/// 0.71 pixels, every pixel's centre stays on its side of the border (by at least 0.015 pixels), and each border encloses the same area as
/// before. Pixels of one value are joined through edges and corners. Where two diagonal pairs meet at a corner, the pair of the larger
/// value is joined and the other pair is separated, which costs it 1/4 pixel. Pixels with values other than 1…classes belong to no region.
///
/// Memory: the raster's width, and the outlines of the regions that the last row touches. A region goes to the sink as soon as it is
/// closed, so regions come in the order of their lowest rows. Not thread-safe.
///
/// The simplification collapses two neighbouring corners into one corner that keeps the area, the least displacement first (Kronenfeld et
/// al., Cartography and Geographic Information Science 47, 2020). A collapse is allowed only if the line still crosses the same connections
/// between centres of neighbouring pixels in the same order; therefore no two borders can meet.
class OutlineTracer {
 public:
  using Sink = std::function<void(const Outline&)>;
  /// Regions of fewer than `min_pixels` are left out.
  OutlineTracer(const Lattice& lattice, int classes, std::int64_t min_pixels, Sink sink);
  OutlineTracer(OutlineTracer&&) noexcept;
  ~OutlineTracer();
  void add_row(std::span<const std::uint8_t> labels);
  /// All rows must have been added.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::raster
