#pragma once
#include <filesystem>

#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::pipeline::review {

struct ReportOptions {
  std::filesystem::path output{};  ///< folder of the report; empty: "report" in the folder of results
  bool deep_zoom = false;          ///< cut slides and labels into tiles; without it, tiles that an earlier report made are still used
  double deep_zoom_mpp = 1;        ///< µm/px of the finest tiles, at most; never finer than the result
  int threads = 0;                 ///< 0: all cores
};

struct ReportSummary {
  std::filesystem::path index;    ///< what to open
  std::size_t slides = 0;         ///< complete ones
  std::size_t views = 0;          ///< of them with a deep-zoom view
  std::size_t without_slide = 0;  ///< a view was wanted, but slide or raster are not there or not fit
};

/// Writes a report of the results in a folder: static pages that work from disk (docs/report.md). Made anew in place; index.html goes
/// first and comes last, so that a half-written report never looks whole. Tiles are kept while slide and raster are the same files. Memory
/// does not grow with the slides' sizes but for rows of tiles. Throws UsageError (no such folder; the output folder holds files that are
/// not a report's), Error or Cancelled.
ReportSummary write_report(const std::filesystem::path& results, const ReportOptions& options, const core::Work& work);

}  // namespace wsi_lpd::pipeline::review
