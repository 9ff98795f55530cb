#pragma once
#include <string>

namespace wsi_lpd::cli {

/// Names and reasons come from files, and a terminal obeys control characters: each becomes a blank.
std::string printable(std::string text);

/// "12 s", "5 min", "3 h 20 min"
std::string duration_text(double seconds);

}  // namespace wsi_lpd::cli
