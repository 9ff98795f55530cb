#pragma once
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "wsi_lpd/output/region_table.hpp"

namespace wsi_lpd::pipeline::review {

/// Counts the labels of an area. Not thread-safe.
class Tally {
 public:
  explicit Tally(int classes) : counts_(static_cast<std::size_t>(classes) + 2) {}
  void add(std::uint8_t label, std::int64_t pixels) { counts_[std::min<std::size_t>(label, counts_.size() - 1)] += pixels; }
  output::Composition composition() const {
    return {std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0}), counts_.back(), {counts_.begin() + 1, counts_.end() - 1}};
  }

 private:
  std::vector<std::int64_t> counts_;  // of no class, of each class, of unreadable pixels
};

}  // namespace wsi_lpd::pipeline::review
