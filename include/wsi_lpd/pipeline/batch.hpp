#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/segment.hpp"

namespace wsi_lpd::pipeline {

struct BatchReport {
  std::vector<output::SlideStatistics> finished;
  std::vector<std::filesystem::path> skipped;   ///< their results were complete already
  std::map<std::string, std::string> failures;  ///< slide to reason
};

/// Segments slide after slide. One that fails stops no other; one whose complete results were made from the same file with the same model
/// and configuration is skipped unless `force`. Rewrites OUT/summary.csv from all results in `output` after each slide. Throws Cancelled.
BatchReport run_batch(const std::vector<SlideJob>& jobs, const std::filesystem::path& output, Segmenter& segmenter,
                      const SegmentOptions& options, const RunIdentity& identity, bool force, ProgressObserver& observer,
                      const CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline
