#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::raster {

/// One region of a class as a polygon. Valid by construction: rings do not cross or touch themselves or each other, and polygons of
/// neighbouring regions share their common border to the last bit.
struct Outline {
  std::uint8_t value = 0;
  core::Ring outer;               ///< positive area (counter-clockwise where y points up)
  std::vector<core::Ring> holes;  ///< negative area
  double area() const;
  double perimeter() const;  ///< of all rings
};

/// How the pixels of a raster lie on the plane: squares of `pitch`, but the last column and row end at `right` and `bottom` (the levels of
/// a pyramid are rounded up).
struct Lattice {
  core::Size size;  ///< pixels
  double pitch = 1;
  double right = 0, bottom = 0;
};

/// Turns a label raster that streams by into polygons. Borders run along pixel edges and are then simplified: no corner moves by more than
/// 0.71 pixels, every pixel's centre stays on its own side (by at least 0.015 pixels), and each border encloses the very area that it did
/// before. Pixels of one value are joined through edges and corners; where two pairs meet at a corner, the larger value is joined
/// and the other cut (which costs it 1/4 pixel). Values other than 1…classes are no region.
///
/// Memory: the raster's width, and the outlines of the regions that the last row touches. A region is given away as soon as it is closed,
/// which is in the order of their lowest rows. Not thread-safe.
///
/// The simplification collapses two neighbouring corners into one that keeps the area, the least displacement first (Kronenfeld et al.,
/// Cartography and Geographic Information Science 47, 2020), as long as the line crosses the same connections between centres of
/// neighbouring pixels in the same order: so no two borders can meet.
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
