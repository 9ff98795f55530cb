#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::slide {

/// Calls `visit` with the indices of the up to four neighbours of pixel `at`.
template <class Visit>
void for_each_neighbour(const core::Size& size, std::int64_t at, Visit visit) {
  const std::int64_t x = at % size.width;
  if (x > 0) visit(at - 1);
  if (x < size.width - 1) visit(at + 1);
  if (at >= size.width) visit(at - size.width);
  if (at + size.width < size.area()) visit(at + size.width);
}

/// Calls `visit` with each 4-connected island of the pixels that `belongs` to it, as indices into a picture of `size`. What `belongs` says
/// of an island that was visited does not matter any more.
template <class Belongs, class Visit>
void for_each_island(const core::Size& size, Belongs belongs, Visit visit) {
  std::vector<bool> seen(static_cast<std::size_t>(size.area()));
  std::vector<std::int64_t> island;
  for (std::int64_t start = 0; start < size.area(); ++start) {
    if (seen[static_cast<std::size_t>(start)] || !belongs(start)) continue;
    island.assign(1, start);
    seen[static_cast<std::size_t>(start)] = true;
    for (std::size_t next = 0; next < island.size(); ++next) {
      for_each_neighbour(size, island[next], [&](std::int64_t neighbour) {
        if (seen[static_cast<std::size_t>(neighbour)] || !belongs(neighbour)) return;
        seen[static_cast<std::size_t>(neighbour)] = true;
        island.push_back(neighbour);
      });
    }
    visit(std::as_const(island));
  }
}

/// The pixels `distance` steps away from an island, and no nearer: its surroundings beyond the blur of its edge.
inline std::vector<std::int64_t> ring(const core::Size& size, const std::vector<std::int64_t>& island, int distance) {
  std::vector<std::int64_t> reached = island, shell = island;
  std::sort(reached.begin(), reached.end());
  for (int step = 0; step < distance; ++step) {
    std::vector<std::int64_t> next;
    for (const std::int64_t at : shell) {
      for_each_neighbour(size, at, [&](std::int64_t neighbour) {
        if (!std::binary_search(reached.begin(), reached.end(), neighbour)) next.push_back(neighbour);
      });
    }
    std::sort(next.begin(), next.end());
    next.erase(std::unique(next.begin(), next.end()), next.end());
    const auto middle = static_cast<std::ptrdiff_t>(reached.size());
    reached.insert(reached.end(), next.begin(), next.end());
    std::inplace_merge(reached.begin(), reached.begin() + middle, reached.end());
    shell = std::move(next);
  }
  return shell;
}

}  // namespace wsi_lpd::slide
