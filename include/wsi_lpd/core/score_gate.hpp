#pragma once
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "wsi_lpd/core/calibration.hpp"
#include "wsi_lpd/core/tile_plan.hpp"
#include "wsi_lpd/core/tissue_mask.hpp"

namespace wsi_lpd::core {

struct ScoreGateOptions {
  Calibration calibration{};
  int score_stride = kTileAlignment;  ///< output pixels per cell of the score maps
  int patch_size = 224;               ///< side of the images that the thresholds of `calibration` were learnt from, output pixels
  float local_weight = 0;             ///< how much the score of a place itself counts beside the mean around it; 0: not at all
};

/// How present each class is at each place of a slide. An image's score is the mean of a map, so around every place the tiles' maps,
/// blended, are averaged over the tissue in a raised-cosine window: the score of a training image that has its centre there and no glass
/// in it. The window's half side is the patch size, whatever the tile, and its weight then about that of one patch. What a tile saw as a
/// whole does not count, so neither steps nor the grid of tiles can show. A value v of a class with presence p becomes v · p · (p /
/// p_max)⁵ · exp(w · (m − m_max)), where p_max is the presence of the likeliest class at that place, w the `local_weight`, m the margin
/// (Calibration::margin) of the blended map's score at the place itself, bilinear, and m_max the largest of all classes' there. Where no
/// tile with score maps is, all m are 0. Not thread-safe.
class ScoreGate {
 public:
  /// Keeps references to `plan` and `tissue`. `grid_stride`, output pixels per cell of the values gated, divides the score maps' stride;
  /// tiles lie on multiples of both.
  ScoreGate(const TilePlan& plan, const TissueMask& tissue, const ScoreGateOptions& options, int grid_stride);

  /// Whether there is no calibration: every class then counts as present everywhere, and values are unchanged.
  bool open() const { return calibration_.empty(); }
  /// Grid rows above a tile's top that still wait for what comes below.
  std::int64_t rows_waiting() const;
  /// Score maps [C, s, s] of a tile, s = plan.tile / score_stride; tiles come in the plan's order. Places that no tile with score maps
  /// covers do not count.
  void add(const Tile& tile, std::span<const float> maps);
  /// Multiplies `values` [C, width] of grid row `grid_y` by the factor of each class; rows come in order, top to bottom.
  void apply(std::int64_t grid_y, std::span<float> values, std::int64_t width);

 private:
  using Plane = std::vector<float>;
  struct SmoothRow {
    double y;      // of its centre, output pixels
    Plane values;  // [C + 1, grid width], summed over the window's width
  };
  double weight(double distance) const;
  void finish_row();
  /// The margins [C, score width] of a blended row, which are 0 where it has no weight.
  Plane margins_of(const Plane& row) const;
  void apply_local(std::int64_t grid_y, std::span<float> values, std::int64_t width);

  const TilePlan& plan_;
  TissueRows tissue_;
  Calibration calibration_;
  std::size_t planes_;  // C + 1: sums of each class's weighted scores, and of the weights
  std::int64_t score_stride_, grid_stride_;
  float local_weight_;
  double reach_;                    // half the window's side, output pixels
  Size score_grid_;                 // cells
  Plane tile_window_;               // [tile / score_stride]
  std::vector<Plane> kernels_;      // [score_stride / grid_stride][2 · taps_ + 1]: for each grid cell in a score cell
  std::int64_t taps_;               // score cells that the window reaches to one side
  std::deque<Plane> blended_;       // [C + 1, score width]: rows that tiles may still add to, or that no grid row needed yet
  std::int64_t first_blended_ = 0;  // score row
  std::deque<Plane> local_;         // [C, score width]: margins of finished rows, empty for none, from first_local_ on
  std::int64_t first_local_ = 0;    // score row
  std::deque<SmoothRow> smooth_;    // rows that a grid row to come can still see
};

}  // namespace wsi_lpd::core
