#include "wsi_lpd/core/roc_area.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace wsi_lpd::core {

double roc_area(std::span<const float> scores, std::span<const float> labels) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return scores[i]; });
  double ranks = 0, with = 0;  // ranks count from 1; equal scores share the mean of theirs
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first;
    double positives = 0;
    for (; end < order.size() && scores[order[end]] == scores[order[first]]; ++end) positives += labels[order[end]] > 0.5F;
    ranks += positives * (static_cast<double>(first + end) + 1) / 2;
    with += positives;
    first = end;
  }
  const double without = static_cast<double>(scores.size()) - with;
  if (with == 0 || without == 0) return std::numeric_limits<double>::quiet_NaN();
  return (ranks - with * (with + 1) / 2) / (with * without);
}

}  // namespace wsi_lpd::core
