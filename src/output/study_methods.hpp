#pragma once
// Private to src/output: how the figures of a study came about, from what its slides record.
#include <map>
#include <string>
#include <vector>

#include "wsi_lpd/output/study.hpp"

namespace wsi_lpd::output {

/// By the name of an option or property: its values as text, and how many slides have each. "not set" where a slide does not record it.
using Settings = std::map<std::string, std::map<std::string, std::size_t>>;
/// The options that slides were segmented with.
Settings options_of(const std::vector<SlideStatistics>& slides);
/// What is not an option: "µm/px", "number format", "dense CRF", "stain normalisation", "wsi-lpd" and other versions.
Settings properties_of(const std::vector<SlideStatistics>& slides);
/// "0.5", or "0.25 (3 slides), 0.5 (1 slide)".
std::string values_text(const std::map<std::string, std::size_t>& values);

/// A section of a page: methods in words, ready to be cited, and all options.
std::string methods_section(const Study& study);

}  // namespace wsi_lpd::output
