#pragma once
#include <string>
#include <vector>

namespace wsi_lpd {

/// "TUM, STR, LYM"; empty for none.
std::string joined(const std::vector<std::string>& words, const std::string& separator = ", ");

/// The shortest text that reads as the same number, whatever the locale: "0.25".
std::string shortest(double value);

}  // namespace wsi_lpd
