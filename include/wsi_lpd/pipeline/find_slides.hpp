#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/segment.hpp"

namespace wsi_lpd::pipeline {

/// The slides of `source`, sorted: a folder (searched through for what slide::is_slide takes), a glob pattern, a .txt list (one path a
/// line) or a .csv manifest (parse_table) with the columns slide and, if wanted, mpp; relative paths in lists are relative to the list.
/// Results go to `output` under the slide's place below the folder, and under its name without extension; slides that would share it keep
/// their extension. Throws UsageError when there are none, or a list is malformed (file and line).
std::vector<SlideJob> find_slides(const std::string& source, const std::filesystem::path& output);

/// The same for slides named one by one; all results go flat into `output`.
std::vector<SlideJob> name_results(const std::vector<std::filesystem::path>& slides, const std::filesystem::path& output);

}  // namespace wsi_lpd::pipeline
