#include "terminal_text.hpp"

#include <cmath>
#include <cstdint>

namespace wsi_lpd::cli {

std::string duration_text(double seconds) {
  const auto minutes = static_cast<std::int64_t>(std::llround(seconds / 60));
  if (minutes < 1) return std::to_string(std::llround(seconds)) + " s";
  return minutes < 60 ? std::to_string(minutes) + " min" : std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

}  // namespace wsi_lpd::cli
