#pragma once
#include <cstdint>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"
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

/// A tissue mask as the pixels of the output see it, row by row. Keeps a reference to the mask; not thread-safe.
class TissueRows {
 public:
  TissueRows(const TissueMask& tissue, const Frame& frame);
  /// Goes to a row, output pixels.
  void select(std::int64_t y);
  /// Is the centre of a pixel of the selected row on tissue?
  bool at(std::int64_t x) const { return row_ && column_[static_cast<std::size_t>(x)] >= 0 && row_[column_[static_cast<std::size_t>(x)]]; }

 private:
  const TissueMask& tissue_;
  Frame frame_;
  std::vector<std::int32_t> column_;   // of the mask for each output column, -1 outside
  const std::uint8_t* row_ = nullptr;  // of the mask; null outside
};

}  // namespace wsi_lpd
