#pragma once
// Private to pipeline/: slides that were found, before they become jobs.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/archive/find_slides.hpp"

namespace wsi_lpd::pipeline::archive {

struct FoundSlide {
  std::filesystem::path slide;
  std::filesystem::path folder{};  ///< folder of the results, below the output folder
  std::string name{};              ///< name of the results from the manifest: folders and stem below the output folder
  std::optional<double> mpp{};     ///< µm/px from the manifest
  std::string failure{};           ///< the error in this line of the manifest; else empty
  std::string where{};             ///< "list.csv line 3"; empty for a slide that is not from a list
};

/// Reads the slides of a list or a manifest. A row with an impossible mpp is a failure of that slide. Throws UsageError (file and line) for
/// a malformed table, or for ambiguous names of results.
std::vector<FoundSlide> read_list(const std::filesystem::path& list);
std::vector<FoundSlide> read_manifest(const std::filesystem::path& manifest);

/// Keeps each file once; a file that is no link is preferred to links to it. Each dropped entry gets a line in `notes`. Throws UsageError
/// when entries of lists contradict each other.
void keep_each_once(std::vector<FoundSlide>& found, std::vector<std::string>& notes);

/// Jobs sorted by slide, each with a unique name for its results. Throws UsageError when two results would have the same name, or a result
/// would overwrite a slide.
std::vector<segment::SlideJob> name_jobs(std::vector<FoundSlide> found, const std::filesystem::path& output);

}  // namespace wsi_lpd::pipeline::archive
