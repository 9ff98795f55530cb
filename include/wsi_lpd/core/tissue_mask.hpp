#pragma once
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd {

/// What a place of a slide was taken for: values of a picture of what is taken and what is left.
enum class Part : std::uint8_t {
  Glass = 0,
  Tissue = 1,
  Ink = 2,      ///< strokes of a pen
  Black = 3,    ///< not scanned, or black ink
  Debris = 4,   ///< dust, hair, edges of the cover slip, specks of tissue too small to count
  Outside = 5,  ///< tissue, but outside of the region that the user asked for
};
inline constexpr int kParts = 6;

/// Where a slide has tissue, at low resolution. `mask` (1 channel, 0 or 1) covers `area` (level-0) evenly; outside is no tissue.
struct TissueMask {
  Image mask;
  Rect area;

  /// Level-0 rectangle edges, double precision: is any mask pixel that it touches tissue?
  bool any(double left, double top, double right, double bottom) const;
  bool at(double level0_x, double level0_y) const;
  /// Share of the mask that is tissue, 0…1.
  double fraction() const;
};

/// What is tissue in both, on the finer one's pixels and area.
TissueMask intersection(const TissueMask& a, const TissueMask& b);

}  // namespace wsi_lpd
