#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::core {

/// How the library tells its caller what it does; the library never prints. Implementations must be thread-safe: calls come from any
/// thread, also from several at once. The caller owns the observer and keeps it alive for as long as the work runs.
class ProgressObserver {
 public:
  virtual ~ProgressObserver() = default;
  /// A stage of `total` units ("tiles", "steps", …) begins; it replaces the one before.
  virtual void begin(const std::string& what, std::int64_t total, const std::string& unit) = 0;
  /// `done` units of the current stage are finished; `note` is a short state such as a loss.
  virtual void advance(std::int64_t done, const std::string& note = {}) = 0;
  virtual void end() = 0;
  /// The stages that follow are part of longer work, such as a batch: `at` says where in it ("slide 3 of 12"), `share` how much of it is
  /// done, `seconds_left` how long the rest may take, where that is known. An empty `at` ends it.
  virtual void overall(const std::string& /*at*/, double /*share*/, std::optional<double> /*seconds_left*/) {}
  virtual void info(const std::string& line) = 0;
  virtual void warn(const std::string& line) = 0;
  /// A part of the work has failed, and the rest goes on.
  virtual void error(const std::string& line) = 0;
};

/// An observer that says nothing.
class SilentObserver : public ProgressObserver {
 public:
  void begin(const std::string&, std::int64_t, const std::string&) override {}
  void advance(std::int64_t, const std::string&) override {}
  void end() override {}
  void info(const std::string&) override {}
  void warn(const std::string&) override {}
  void error(const std::string&) override {}
};

/// True once the work shall stop; a signal handler or any thread may set it. Long work calls `check` often and unwinds with Cancelled.
using CancelFlag = std::atomic<bool>;
inline void check(const CancelFlag& cancel) {
  if (cancel.load(std::memory_order_relaxed)) throw Cancelled();
}

/// What long work gets from its caller: whom it tells how far it is, and who may stop it. Holds references; both must outlive the work.
struct Work {
  ProgressObserver& observer;
  const CancelFlag& cancel;
};

}  // namespace wsi_lpd::core
