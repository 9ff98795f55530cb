#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tally.hpp"
#include "wsi_lpd/pipeline/review/measure_options.hpp"

namespace wsi_lpd::pipeline::review {

/// The squares of a grid on one slide, from the top left of its bounds. Throws Error: µm/px is unknown, the squares are smaller than a
/// pixel or larger than the slide, or more than kMostSquares.
struct GridOnSlide {
  static constexpr std::int64_t kMostSquares = 100'000;
  GridOnSlide(const SquareGrid& grid, const output::SlideStatistics& slide);
  std::size_t of = 0;     ///< class
  std::int64_t side = 0;  ///< output pixels
};

/// Counts what is in the squares of a grid in one region while its rows stream by. Memory: that of a row of squares, and of the squares
/// with a class. Not thread-safe.
class SquaresInRegion {
 public:
  /// `x`, `width`: of the region's box.
  SquaresInRegion(const GridOnSlide& grid, std::int64_t x, std::int64_t width, int classes);
  /// Row `y` of the slide from column `x` on; kLeftOut where a pixel is not in the region. Rows ascend.
  void add_row(std::int64_t y, std::span<const std::uint8_t> labels);
  /// Adds the squares with a class to the region's `parts`, in reading order, and sets its `hot_spot`: the largest share of the class among
  /// squares of which at least half has a class, the first of equal ones. No rows may follow.
  void finish(output::RegionStatistics& region);

 private:
  struct Square {
    std::int64_t column, row;
    output::Composition composition;
  };
  void end_row();

  GridOnSlide grid_;
  std::int64_t x_, row_ = 0;
  int classes_;
  std::vector<Tally> tallies_;  // of the row of squares
  std::vector<Square> squares_;
};

}  // namespace wsi_lpd::pipeline::review
