#pragma once
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace wsi_lpd::raster {

/// Counts of boundary pixels of one class, and of those with a boundary pixel of the other raster within the tolerance.
struct BoundaryCounts {
  std::int64_t truth = 0, truth_matched = 0;
  std::int64_t predicted = 0, predicted_matched = 0;
  bool operator==(const BoundaryCounts&) const = default;
  BoundaryCounts& operator+=(const BoundaryCounts& other);

  /// NaN without boundary pixels.
  double precision() const;
  double recall() const;
  /// 2·P·R / (P + R). 0 if only one raster has boundary pixels or none match, NaN if neither raster has any.
  double f1() const;
};

/// Mean F1 over the classes with a defined F1; NaN when there is none.
double mean_f1(const std::vector<BoundaryCounts>& classes);

/// Boundary agreement of two label rasters, row by row, after the BF score of Csurka, Larlus, Perronnin (What is a good evaluation measure
/// for semantic segmentation?, BMVC 2013). For each class, precision is the share of the prediction's boundary pixels that are at most θ
/// from a boundary pixel of the truth, and recall the share of the truth's boundary pixels that are at most θ from one of the prediction. A
/// boundary pixel of a class has a neighbour (above, below, left, right) of another value. The raster's edge and pixels left out make no
/// boundary. Distances are between pixel centres. Memory: boundary pixels of 2·θ + 1 rows, and three rows. Not thread-safe.
class BoundaryScore {
 public:
  /// `tolerance` is θ, in the same unit as `pixel_width` and `pixel_height`.
  BoundaryScore(int classes, double tolerance, double pixel_width, double pixel_height);
  /// Adds the next row. Values 0…classes − 1 are classes, the value `classes` is background. A larger value in either raster leaves the
  /// pixel out.
  void add_row(std::span<const std::uint8_t> truth, std::span<const std::uint8_t> predicted);
  /// Ends the rasters and returns the counts, [classes]. Must be called once, after the last row.
  std::vector<BoundaryCounts> finish();

 private:
  /// Columns of boundary pixels of each class, ascending: truth, prediction.
  struct Boundaries {
    std::vector<std::vector<std::int32_t>> truth, predicted;
  };
  void find_boundaries();
  void score_row(std::int64_t row);

  int classes_;
  std::vector<std::int64_t> reach_;                    ///< [|dy|]: columns that lie within θ, so many rows away
  std::vector<std::uint8_t> truth_[3], predicted_[3];  ///< rows before, at and after the one whose boundaries are found next
  std::int64_t rows_ = 0, found_ = 0, scored_ = 0;
  std::deque<Boundaries> window_;  ///< of the rows from max(0, scored_ − θ) on
  std::vector<BoundaryCounts> counts_;
};

}  // namespace wsi_lpd::raster
