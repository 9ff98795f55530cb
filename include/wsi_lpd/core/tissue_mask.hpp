#pragma once
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd {

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

}  // namespace wsi_lpd
