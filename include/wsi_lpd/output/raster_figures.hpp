#pragma once
#include <cstdint>
#include <span>

#include "wsi_lpd/output/statistics.hpp"
#include "wsi_lpd/raster/class_borders.hpp"
#include "wsi_lpd/raster/regions.hpp"
#include "wsi_lpd/raster/square_shares.hpp"

namespace wsi_lpd::output {

/// Works out the figures that follow from a label raster alone while its rows stream by. Memory is that of its parts: RegionCounter,
/// InterfaceCounter and SquareShares. Not thread-safe.
class RasterFigures {
 public:
  /// Values 1…classes are classes. `square_side`: output pixels, of the squares that tell how mixed the classes are.
  RasterFigures(std::int64_t width, int square_side, int classes);
  void add_row(std::span<const std::uint8_t> labels);
  /// Ends the raster: sets `per_class`, `interfaces`, `square_side`, `squares` and `mean_entropy`. No rows may follow.
  void describe(SlideStatistics& statistics);

 private:
  int square_side_;
  raster::RegionCounter regions_;
  raster::InterfaceCounter interfaces_;
  raster::SquareShares squares_;
};

}  // namespace wsi_lpd::output
