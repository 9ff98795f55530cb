#pragma once
#include <map>

#include "wsi_lpd/pipeline/review/compare.hpp"

namespace wsi_lpd::pipeline::review {

struct ComparedSlide {
  std::string slide;  ///< path as in the result's statistics
  Comparison comparison;
};

struct FolderComparison {
  std::vector<ComparedSlide> slides;
  Comparison total;                             ///< counts summed over all slides
  std::map<std::string, std::string> failures;  ///< slide to reason
  std::vector<std::string> without_truth;       ///< slides of the results folder without a truth
};

/// Compares all complete results of a folder with those of another folder of results. Two results belong to the same slide when name, size
/// and modification time of its file agree. If the second folder holds no complete results, the truths are files named after the results:
/// NAME.geojson, NAME.png, NAME.labels.png, NAME.labels.tif. The failure of one slide stops no other. Thread-safe. Throws UsageError: no
/// folder, nothing to compare; Cancelled.
FolderComparison compare_folders(const std::filesystem::path& results, const std::filesystem::path& truths, const CompareOptions& options,
                                 const core::Work& work);

}  // namespace wsi_lpd::pipeline::review
