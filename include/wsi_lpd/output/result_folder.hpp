#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "wsi_lpd/output/statistics.hpp"

namespace wsi_lpd::output {

/// A folder that holds this file is a report of this program: results are not looked for in it, and it may be overwritten.
inline constexpr const char* kReportMark = ".wsi-lpd-report";

// What a slide's rasters have after its stem.
inline constexpr const char* kLabels = ".tif";
inline constexpr const char* kOmeLabels = ".ome.tif";
inline constexpr const char* kProbabilities = ".probabilities.ome.tif";

/// The label pyramid of a slide: kLabels, or kOmeLabels where that is there instead.
std::filesystem::path label_pyramid(const std::filesystem::path& stem);

/// Names of a complete slide's label pyramid and HDF5 file that are no longer there.
std::vector<std::string> missing_files(const std::filesystem::path& stem);

/// Removes what a run that was killed left of a slide's files under construction.
void remove_unfinished(const std::filesystem::path& stem);

/// A slide whose statistics are there. Its files are `stem` plus label_pyramid()'s, ".h5", ".overlay.jpg", ….
struct CompleteResult {
  std::filesystem::path stem;
  SlideStatistics statistics;
};

/// Files of a slide without statistics: a run is at it, or was stopped.
struct UnfinishedResult {
  std::filesystem::path stem;
  std::vector<std::string> files;       ///< names, sorted
  std::chrono::seconds since_change{};  ///< since the last of them was written
};

struct DamagedFile {
  std::filesystem::path file;
  std::string reason;
};

/// What is in a folder that `segment` or `batch` wrote to. A slide may be complete from an earlier run and have failed in the last one.
struct ResultFolder {
  std::filesystem::path path;
  std::vector<CompleteResult> complete;       ///< by slide, then by stem
  std::map<std::string, std::string> failed;  ///< slide to reason, from summary.csv: of the last run
  std::vector<UnfinishedResult> unfinished;   ///< by stem
  std::vector<DamagedFile> damaged;           ///< of another version, cut off, or with figures that cannot be
};

/// Looks through `folder` and the folders in it; reports are left out. Files of other programs are ignored. Throws UsageError when there is
/// no such folder.
ResultFolder read_results(const std::filesystem::path& folder);

}  // namespace wsi_lpd::output
