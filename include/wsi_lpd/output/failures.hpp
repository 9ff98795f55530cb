#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace wsi_lpd::output {

// Failures of slides in a folder of results, one file each in OUT/.failures, so that processes that share the folder lose none of
// another's. A failure stays until the slide is done, or until the slide's file has been removed. Functions are thread-safe, and safe
// between processes.

/// How a slide was to be segmented, as the columns of a manifest say it.
struct FailedJob {
  std::string name{};           ///< of its results, below the folder
  std::optional<double> mpp{};  ///< that was given
};
/// A slide is known by its absolute path, however it is given. Throws Error with the path and the reason.
void record_failure(const std::filesystem::path& folder, const std::string& slide, const std::string& reason, const FailedJob& job = {});
/// Removes a slide's failure; does nothing where it has none.
void forget_failure(const std::filesystem::path& folder, const std::string& slide);
/// Removes the failures of slides whose files have been removed since.
void forget_failures_of_removed(const std::filesystem::path& folder);
/// The slides with a failure that were not there then and are not now, by absolute path: slips in a list, for instance.
std::set<std::string> failed_without_file(const std::filesystem::path& folder);
/// All failures, slide to reason. Damaged files are left out.
std::map<std::string, std::string> recorded_failures(const std::filesystem::path& folder);
/// A manifest that does all failed slides again: lines of CSV with the columns slide (absolute), mpp and name.
std::string manifest_of_failures(const std::filesystem::path& folder);

}  // namespace wsi_lpd::output
