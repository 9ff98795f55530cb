#pragma once
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/core/work_lock.hpp"

namespace wsi_lpd::pipeline::archive {

/// Bytes of a slide's file and, if the format keeps its pixels there, of the folder beside it; 0 if unknown.
double slide_bytes(const std::filesystem::path& slide);

/// The progress of a batch, counted in tiles of tissue. The tiles of opened slides are known. Those of other slides are estimated from the
/// bytes of their files, with the tiles per byte of the opened slides. Not thread-safe.
class WorkEstimate {
 public:
  /// `bytes` of each slide of the batch.
  explicit WorkEstimate(const std::vector<double>& bytes);
  void plan(std::size_t slide, std::int64_t tiles);
  void advance(std::size_t slide, std::int64_t tiles);
  /// Ends a slide: it is done, failed, or left to another process.
  void end(std::size_t slide);

  struct State {
    double share = 0;                      ///< 0…1
    std::optional<double> seconds_left{};  ///< not set until a tile is done
  };
  State state(double seconds) const;

 private:
  struct Slide {
    double bytes = 0;
    std::optional<std::int64_t> tiles{};
    std::int64_t done = 0;
    bool ended = false;
  };
  std::vector<Slide> slides_;
};

/// Forwards the messages of a slide's segmentation and adds the progress of the whole batch. advance() throws LockLost when the slide's
/// lock is lost. Keeps a reference to the observer.
class BatchProgress : public core::ProgressObserver {
 public:
  BatchProgress(core::ProgressObserver& to, std::vector<double> bytes) : to_(to), estimate_(std::move(bytes)) {}
  ~BatchProgress() override { to_.overall({}, 1, {}); }

  /// The following stages belong to `slide`; `at` is "slide 3 of 12".
  void start(std::size_t slide, const std::string& at, const core::WorkLock* lock);
  void leave(std::size_t slide);

  void begin(const std::string& what, std::int64_t total, const std::string& unit) override;
  void advance(std::int64_t done, const std::string& note) override;
  void end() override { to_.end(); }
  void info(const std::string& line) override { to_.info(line); }
  void warn(const std::string& line) override { to_.warn(line); }
  void error(const std::string& line) override { to_.error(line); }

 private:
  using Clock = std::chrono::steady_clock;
  void tell();

  core::ProgressObserver& to_;
  WorkEstimate estimate_;
  std::size_t slide_ = 0;
  std::string at_;
  const core::WorkLock* lock_ = nullptr;
  bool in_tiles_ = false;
  Clock::time_point start_ = Clock::now();
};

}  // namespace wsi_lpd::pipeline::archive
