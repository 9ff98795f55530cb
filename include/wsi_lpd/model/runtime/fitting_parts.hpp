#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <limits>
#include <string>
#include <vector>

namespace wsi_lpd::model::runtime {

/// Did LibTorch, or a library under it, have too little memory for what was asked of it? Thread-safe.
bool ran_out_of_memory(const std::exception& error);

/// What a GPU's driver says of a failure after which the process can't compute on that GPU any more, as one line: "CUDA error: unspecified
/// launch failure". Empty for all other errors, a lack of memory among them. Thread-safe.
std::string device_failure(const std::exception& error);

/// Computes as many items at once as the memory holds. Thread-safe.
class FittingParts {
 public:
  /// Calls `part(first, count)` for items 0 to `items` in parts, and returns their results in order: at first all in one. When memory
  /// runs out, the results so far are thrown away, and all is computed in parts of half the size, now and from then on. Throws what
  /// `part` throws, also where there is too little memory for a single item.
  template <class Part>
  auto compute(std::int64_t items, const Part& part) {
    std::vector<decltype(part(items, items))> parts;
    for (;;) {
      const std::int64_t size = std::min(items, most_.load());
      try {
        for (std::int64_t first = 0; first < items; first += size) parts.push_back(part(first, std::min(size, items - first)));
        return parts;
      } catch (const std::exception& error) {
        if (size <= 1 || !ran_out_of_memory(error)) throw;
      }
      parts.clear();  // they hold memory
      shrink(size);
    }
  }

  /// One line for people, if parts have become smaller since this was asked last; else nothing. `items`: what they are, "tiles".
  std::string take_note(const std::string& items);

 private:
  /// After parts of `size` did not fit.
  void shrink(std::int64_t size);

  std::atomic<std::int64_t> most_{std::numeric_limits<std::int64_t>::max()}, largest_that_failed_{0};
};

}  // namespace wsi_lpd::model::runtime
