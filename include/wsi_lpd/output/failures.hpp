#pragma once
#include <filesystem>
#include <map>
#include <string>

namespace wsi_lpd::output {

// Failures of slides in a folder of results, one file each in OUT/.failures, so that processes that share the folder lose none of
// another's. A failure stays until the slide is done, or until its file, which was there, is gone.

/// Throws Error.
void record_failure(const std::filesystem::path& folder, const std::string& slide, const std::string& reason);
void forget_failure(const std::filesystem::path& folder, const std::string& slide);
/// Of slides whose files have been removed since.
void forget_failures_of_removed(const std::filesystem::path& folder);
/// Slide to reason; what is damaged is left out.
std::map<std::string, std::string> recorded_failures(const std::filesystem::path& folder);

}  // namespace wsi_lpd::output
