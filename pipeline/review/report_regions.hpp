#pragma once
// Private to pipeline: what `measure` left in a folder of results, for a report.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/output/report.hpp"

namespace wsi_lpd::pipeline::review {

/// The measured regions of each complete slide: of NAME.regions.csv beside its results or of the folder's table, whichever was written
/// last. A table that can't be read is told to `observer`, and left out.
std::vector<std::optional<output::ReportRegions>> measured_regions(const output::ResultFolder& results, core::ProgressObserver& observer);

/// Writes the outlines and hot spots of a slide's regions to `file`, for tiles whose finest pixels have the side `pixel` (level-0 pixels),
/// and notes what can't be drawn. Nothing is written where there is nothing to draw.
void draw_regions(output::ReportRegions& regions, const output::CompleteResult& result, double pixel, const std::filesystem::path& file);

}  // namespace wsi_lpd::pipeline::review
