#pragma once
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "wsi_lpd/core/canvas.hpp"
#include "wsi_lpd/raster/small_pieces.hpp"

namespace wsi_lpd::raster {

/// A stage between the canvas and the receiver of its rows, in output pixels. It removes pixels from the tissue that the tiles show as
/// glass. Pieces of glass below `smallest` pixels stay tissue; then pieces of tissue below `smallest` pixels are removed (SmallPieces).
/// Glass that touches pixels outside the tissue is never filled; unreadable pixels stay.
///
/// Where tiles overlap, the tile in whose middle a pixel lies decides, if that tile is in the plan. `next` gets the same rows as without
/// this stage, but later. Holds the rows that wait. Not thread-safe.
class TissueCut : public core::CanvasSink {
 public:
  /// Keeps references to `plan` and `next`. `grid_stride` is the canvas's, `smallest` is in pixels.
  TissueCut(const core::TilePlan& plan, int grid_stride, std::int64_t smallest, core::CanvasSink& next);

  /// `glass` [tile, tile]: not 0 if a pixel is glass. Tiles must come in the order of the plan, before the canvas emits their rows. A tile
  /// that never comes has no glass.
  void add_glass(const core::Tile& tile, std::span<const std::uint8_t> glass);
  void grid_row(std::span<const float> values, std::span<const std::uint8_t> labels) override;
  void label_row(std::span<const std::uint8_t> labels, std::span<const std::uint8_t> tissue) override;
  /// Number of tissue pixels that were removed; complete after the last row.
  std::int64_t glass_pixels() const { return glass_pixels_; }

 private:
  struct GridRow {
    std::vector<float> values;
    std::vector<std::uint8_t> labels;
  };
  void pass_on(const std::vector<std::uint8_t>& tissue);

  const core::TilePlan& plan_;
  std::int64_t stride_;
  core::CanvasSink& next_;
  SmallPieces holes_, islands_;
  std::int64_t first_glass_row_ = 0;
  std::deque<std::vector<std::uint8_t>> glass_;  // rows from first_glass_row_ on: kGlass and kMiddle
  std::int64_t glass_pixels_ = 0, rows_seen_ = 0, holes_passed_ = 0, rows_passed_ = 0, grid_rows_passed_ = 0;
  std::deque<std::vector<std::uint8_t>> labels_;  // of waiting rows, from rows_passed_ on
  std::deque<GridRow> grid_rows_;                 // likewise, from grid_rows_passed_ on
};

}  // namespace wsi_lpd::raster
