#pragma once
// Jobs from the slides that were found.
#include <filesystem>
#include <string>
#include <vector>

#include "slide_list.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/pipeline/archive/job_list.hpp"

namespace wsi_lpd::pipeline::archive {

/// Keeps each file once; a file that is no link is preferred to links to it. Each dropped entry gets a line in `notes`. Throws UsageError
/// when entries of lists contradict each other, and Cancelled.
void keep_each_once(std::vector<FoundSlide>& found, std::vector<std::string>& notes, const core::CancelFlag& cancel);

/// Jobs sorted by slide, each with a unique name for its results. Throws UsageError when two results would have the same name, or a result
/// would overwrite a slide, and Cancelled.
JobList name_jobs(std::vector<FoundSlide> found, const std::filesystem::path& output, const core::CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline::archive
