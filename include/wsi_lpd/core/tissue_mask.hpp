#pragma once
#include <cstdint>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::core {

/// What a place of a slide was taken for. These are the values of a picture of parts: one channel, over the whole slide.
enum class Part : std::uint8_t {
  Glass = 0,
  Tissue = 1,
  Ink = 2,      ///< strokes of a pen
  Black = 3,    ///< not scanned, or black ink
  Debris = 4,   ///< dust, hair, edges of the cover slip, specks of tissue too small to count
  Outside = 5,  ///< tissue, but outside of the region that the user asked for
};
inline constexpr int kParts = 6;

/// Where a slide has tissue, at low resolution. `mask` (1 channel, 0 or 1) covers `area` (level-0) evenly; there is no tissue outside of
/// `area`. Const members are thread-safe.
struct TissueMask {
  Image mask;
  Rect area;

  /// Level-0 rectangle edges, double precision: is any mask pixel that it touches tissue?
  bool any(double left, double top, double right, double bottom) const;
  bool at(double level0_x, double level0_y) const;
  /// Which share of a level-0 rectangle's area is tissue, 0…1; what lies outside of `area` is none.
  double share(double left, double top, double right, double bottom) const;
  /// Share of the mask that is tissue, 0…1.
  double fraction() const;
};

/// What is tissue in both, on the finer one's pixels and area.
TissueMask intersection(const TissueMask& a, const TissueMask& b);

/// A tissue mask as the pixels of the output see it, row by row. Keeps a reference to the mask; not thread-safe.
class TissueRows {
 public:
  TissueRows(const TissueMask& tissue, const Frame& frame);
  /// Selects a row of output pixels for at().
  void select(std::int64_t y);
  /// Is the centre of a pixel of the selected row on tissue?
  bool at(std::int64_t x) const { return row_ && column_[static_cast<std::size_t>(x)] >= 0 && row_[column_[static_cast<std::size_t>(x)]]; }

 private:
  const TissueMask& tissue_;
  Frame frame_;
  std::vector<std::int32_t> column_;   // of the mask for each output column, -1 outside
  const std::uint8_t* row_ = nullptr;  // of the mask; null outside
};

}  // namespace wsi_lpd::core
