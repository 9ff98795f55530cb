#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "wsi_lpd/core/bilinear_grid.hpp"
#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/score_gate.hpp"
#include "wsi_lpd/core/tile_plan.hpp"

namespace wsi_lpd::core {

enum class Blend {
  Window,  ///< overlapping tiles are averaged with a raised-cosine window
  Crop,    ///< each tile fills its middle alone
};

/// Receives rows of the result, top to bottom, each exactly once.
class CanvasSink {
 public:
  virtual ~CanvasSink() = default;
  /// One row of the grid: class values [C, width] in 0…1, and labels [width] in result values, tissue mask applied.
  virtual void grid_row(std::span<const float> values, std::span<const std::uint8_t> labels) = 0;
  /// One row of output pixels in result values: kNotTissue, 1…C, kUnreadable; `tissue` [width] is 1 where a pixel is tissue, else 0.
  virtual void label_row(std::span<const std::uint8_t> labels, std::span<const std::uint8_t> tissue) = 0;
};

/// Blends class maps of tiles on the network's own grid and turns finished rows into labels: bilinear between cell centres, once, so
/// that no seam can form. Holds the rows of one tile and those that wait for the gate, over the frame's whole width. Not thread-safe.
class Canvas {
 public:
  /// Keeps references to `plan`, `tissue` and `sink`. `grid_stride` (output pixels per cell) divides plan.tile and kTileAlignment. Blended
  /// values are multiplied by the presence of their class (ScoreGate).
  Canvas(const TilePlan& plan, const TissueMask& tissue, int classes, int grid_stride, Blend blend, CanvasSink& sink,
         const ScoreGateOptions& gate = {});

  Size grid() const { return grid_; }
  /// Adds the maps [C, g, g] of a tile, g = plan.tile / grid_stride, and those for the gate (ScoreGate::add), if the tile has any.
  /// Tiles must come in the plan's order.
  void add(const Tile& tile, std::span<const float> maps, std::span<const float> score_maps = {});
  /// Marks a tile that could not be read: places where no other tile has a weight become kUnreadable. In the plan's order, as add().
  void add_unreadable(const Tile& tile);
  /// Emits all remaining rows.
  void finish();

 private:
  enum class Cell : std::uint8_t { Empty, Labelled, Unreadable };
  struct GridRow {
    std::vector<float> values;  // [C, width]
    std::vector<Cell> cells;    // [width]
    bool blank = true;          // all empty
  };
  std::vector<float> axis_window(std::int64_t position, std::int64_t count) const;
  void advance_to(std::int64_t grid_y);
  void emit_grid_row();
  void emit_label_rows(std::int64_t until, const GridRow& above);
  void emit_label_row(const GridRow& above, const BetweenCells& between, const std::vector<Cell>& cells);
  std::size_t ring_row(std::int64_t grid_y) const { return static_cast<std::size_t>(grid_y % ring_); }

  const TilePlan& plan_;
  TissueRows tissue_;
  CanvasSink& sink_;
  int classes_;
  int stride_;
  Blend blend_;
  std::int64_t cells_;  // of a tile's side
  ScoreGate gate_;
  std::int64_t ring_;  // grid rows held: a tile's, and those that wait for the gate
  Size grid_;
  std::vector<float> sums_;               // [ring row, C, width]
  std::vector<float> weights_;            // [row, width]
  std::vector<std::uint8_t> unreadable_;  // [row, width]
  std::int64_t next_grid_row_ = 0;        // first row not yet emitted
  std::int64_t next_label_row_ = 0;
  GridRow previous_, current_;
  std::vector<float> fractions_;  // [width and some more]: of the output pixels of a row, BetweenCells::fraction
  std::vector<float> line_;       // [C, width]: values of one output row above and below the cell centres
  std::vector<std::uint8_t> labels_, tissue_row_;
};

}  // namespace wsi_lpd::core
