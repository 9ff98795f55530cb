#pragma once
// Private to pipeline/: timing of the stages of a slide.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

namespace wsi_lpd::pipeline::segment {

/// Wall time of one stage, summed over all threads in it. Thread-safe.
class StageClock {
 public:
  /// Runs `action` and adds its time, also if it throws.
  template <class Action>
  decltype(auto) measure(Action&& action) {
    struct Stop {
      StageClock& clock;
      std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
      ~Stop() { clock.nanoseconds_ += std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count(); }
    } stop{*this};
    return std::forward<Action>(action)();
  }
  double seconds() const { return static_cast<double>(nanoseconds_.load()) * 1e-9; }

 private:
  std::atomic<std::int64_t> nanoseconds_{0};
};

}  // namespace wsi_lpd::pipeline::segment
