#pragma once
// Private to src/output: the files of a folder of results.
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "wsi_lpd/output/statistics.hpp"

namespace wsi_lpd::output {

/// The folder of recorded failures (failures.hpp) in a folder of results.
inline constexpr const char* kFailureFolder = ".failures";
/// The folder of journals and logs (journal.hpp).
inline constexpr const char* kJournalFolder = "journal";

/// Calls `visit` for every file in `folder` and the folders in it, and for what is under construction (unfinished_stem()). Reports,
/// failures and journals are left out. Runs may rename and remove files and folders meanwhile.
void walk_results(const std::filesystem::path& folder, const std::function<void(const std::filesystem::directory_entry&)>& visit);

/// A file that may be a slide's statistics, as it was read.
struct StatisticsFile {
  std::optional<SlideStatistics> statistics;
  std::string problem;     ///< why there are none; empty where there are
  bool is_marked = false;  ///< with a problem: it says that it is of this program
};
StatisticsFile read_statistics_file(const std::filesystem::path& file);

}  // namespace wsi_lpd::output
