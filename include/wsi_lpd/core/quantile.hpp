#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

namespace wsi_lpd::core {

/// The quantile `part` (0…1) of `sorted`, which has at least one value, in ascending order. Between neighbouring values it is linear, as
/// the defaults of numpy and R are (Hyndman and Fan 1996, definition 7). Thread-safe.
inline double quantile(const std::vector<double>& sorted, double part) {
  const double at = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace wsi_lpd::core
