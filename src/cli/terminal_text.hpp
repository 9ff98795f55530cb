#pragma once
#include <string>

namespace wsi_lpd::cli {

/// "12 s", "5 min", "3 h 20 min"
std::string duration_text(double seconds);

}  // namespace wsi_lpd::cli
