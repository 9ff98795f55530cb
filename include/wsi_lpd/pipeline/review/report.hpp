#pragma once
#include <filesystem>

#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::pipeline::review {

struct ReportOptions {
  std::filesystem::path output{};   ///< folder of the report; empty: "report" in the folder of results
  std::filesystem::path patches{};  ///< folder that tile_slides() wrote with `uncertain`, to show where its patches lie; empty: none
  bool deep_zoom = false;           ///< cut slides and labels into tiles; if false, tiles of an earlier report are still used
  double deep_zoom_mpp = 1;         ///< coarsest allowed µm/px of the finest tiles; tiles are never finer than the result
  int threads = 0;                  ///< 0: all cores
};

struct ReportSummary {
  std::filesystem::path index;    ///< the page to open
  std::size_t slides = 0;         ///< complete slides
  std::size_t views = 0;          ///< complete slides with a deep-zoom view
  std::size_t without_slide = 0;  ///< complete slides without the requested view: slide or raster is missing or has changed
};

/// Writes a report of the results in a folder: static pages that work from disk (docs/report.md). An existing report is overwritten in
/// place. The old index.html is removed first and the new one is written last, so an unfinished report has no index. Tiles are kept as long
/// as slide and raster are the same files.
/// Memory does not depend on the slides' sizes, except for rows of tiles. Runs in a oneTBB arena of `threads` threads, and starts libvips
/// for the whole process (image/library.hpp). One process at a time may write a report to a folder. Throws UsageError (no such folder; the
/// output folder holds files that are not a report's; `patches` holds no uncertain.csv; another process is writing there), Error or
/// Cancelled.
ReportSummary write_report(const std::filesystem::path& results, const ReportOptions& options, const core::Work& work);

}  // namespace wsi_lpd::pipeline::review
