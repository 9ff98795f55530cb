#pragma once
#include <vector>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/output/region_table.hpp"
#include "wsi_lpd/output/result_folder.hpp"
#include "wsi_lpd/pipeline/review/measure_options.hpp"
#include "wsi_lpd/slide/annotations.hpp"

namespace wsi_lpd::pipeline::review {

/// One region, of number 0, that covers the whole slide.
slide::Annotations whole_slide(const core::Frame& frame);

/// Measures regions of a slide in its label pyramid, at the result's resolution, and in them what `options` ask for. Each region is
/// measured for itself, whatever lies over it, but for the ignored ones, which are cut out of all. A pixel is in a region where its centre
/// is (even-odd rule). What reaches beyond the slide is not measured; a region that lies beyond it altogether has no pixels. Memory: the
/// points of all polygons, a row for each region that the current row of the slide crosses, and what `options` need, at most
/// BandsMeasuring::kMostMemory for distances. Thread-safe. Throws Error: the label pyramid can't be read, or is not that of the statistics;
/// a class, distance or grid that the slide can't have; Cancelled.
std::vector<output::RegionStatistics> measure_regions(const output::CompleteResult& result, const slide::Annotations& annotations,
                                                      const MeasureOptions& options, const core::Work& work);

}  // namespace wsi_lpd::pipeline::review
