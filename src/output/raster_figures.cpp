#include "wsi_lpd/output/raster_figures.hpp"

namespace wsi_lpd::output {

RasterFigures::RasterFigures(std::int64_t width, int square_side, int classes)
    : square_side_(square_side), regions_(classes), interfaces_(classes), squares_(width, square_side, classes) {}

void RasterFigures::add_row(std::span<const std::uint8_t> labels) {
  regions_.add_row(labels);
  interfaces_.add_row(labels);
  squares_.add_row(labels);
}

void RasterFigures::describe(SlideStatistics& statistics) {
  for (const raster::RegionCounter::Count& count : regions_.finish())
    statistics.per_class.push_back({count.pixels, count.regions, count.largest});
  statistics.interfaces = interfaces_.interfaces();
  squares_.finish();
  statistics.square_side = square_side_;
  statistics.squares = squares_.squares();
  statistics.mean_entropy = squares_.mean_entropy();
  const auto intervals = squares_.share_intervals();
  for (std::size_t c = 0; c < intervals.size(); ++c) statistics.per_class[c].share_interval = intervals[c];
}

}  // namespace wsi_lpd::output
