#pragma once
#include <string>
#include <vector>

namespace wsi_lpd::core {

/// "; did you mean NAME?" with the one of `known` that a mistyped `word` is nearest to; empty where none is near. Capitals, and - or _,
/// make no difference.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);

}  // namespace wsi_lpd::core
