#pragma once
// Private to pipeline/: slides on their way from a source to jobs.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/archive/find_slides.hpp"

namespace wsi_lpd::pipeline::archive {

struct FoundSlide {
  std::filesystem::path slide;
  std::filesystem::path folder{};  ///< of its results, below the output folder
  std::string name{};              ///< of its results, given by the manifest: folders and stem below the output folder
  std::optional<double> mpp{};     ///< given by the manifest
  std::string failure{};           ///< what is wrong with this line of the manifest; empty otherwise
  std::string where{};             ///< "list.csv line 3"; empty where no list names it
};

/// Slides of a list or a manifest. A row of a manifest with an impossible mpp is that slide's failure. Throws UsageError (file and line)
/// for what makes the table or its names of results unclear.
std::vector<FoundSlide> read_list(const std::filesystem::path& list);
std::vector<FoundSlide> read_manifest(const std::filesystem::path& manifest);

/// Takes each file once, the one that is no link before those that are; what is dropped gets a line in `notes`. Throws UsageError where
/// lists contradict each other.
void keep_each_once(std::vector<FoundSlide>& found, std::vector<std::string>& notes);

/// Sorted by slide, each with a place of its own for its results. Throws UsageError where there is none, or a result would overwrite a
/// slide.
std::vector<segment::SlideJob> name_jobs(std::vector<FoundSlide> found, const std::filesystem::path& output);

}  // namespace wsi_lpd::pipeline::archive
