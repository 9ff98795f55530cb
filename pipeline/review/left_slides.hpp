#pragma once
#include <map>
#include <string>
#include <vector>

#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::pipeline::review {

/// Slides of a folder without a complete result: in work, unfinished, or failed.
std::vector<std::string> incomplete_slides(const output::ResultFolder& folder);

/// Damaged slide.json: file to reason.
std::map<std::string, std::string> damaged_results(const output::ResultFolder& folder);

}  // namespace wsi_lpd::pipeline::review
