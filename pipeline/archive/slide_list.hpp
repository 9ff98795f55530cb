#pragma once
// Slides of a list or a manifest.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace wsi_lpd::pipeline::archive {

/// A slide that was found, before it becomes a job.
struct FoundSlide {
  std::string slide;            ///< path
  std::string folder{};         ///< folder of the results, below the output folder
  std::string name{};           ///< name of the results from the manifest: folders and stem below the output folder
  std::optional<double> mpp{};  ///< µm/px from the manifest
  std::string failure{};        ///< the error in this line of the manifest; else empty
  std::string where{};          ///< "list.csv line 3"; empty for a slide that is not from a list
};

/// Reads the slides of a list or a manifest. A row with an impossible mpp is a failure of that slide. Throws UsageError (file and line) for
/// a malformed table, or for ambiguous names of results.
std::vector<FoundSlide> read_list(const std::filesystem::path& list);
std::vector<FoundSlide> read_manifest(const std::filesystem::path& manifest);

}  // namespace wsi_lpd::pipeline::archive
