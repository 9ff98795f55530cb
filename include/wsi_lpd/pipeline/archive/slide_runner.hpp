#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "wsi_lpd/core/work_lock.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::archive {

/// What became of one slide in a batch.
struct SlideOutcome {
  enum class Kind {
    Done,
    AlreadyDone,  ///< skipped: its results were complete before the batch
    Failed,
    Elsewhere,  ///< another process is working on it
  };
  Kind kind = Kind::Done;
  std::filesystem::path slide;
  std::optional<output::SlideStatistics> statistics{};  ///< only with Done
  std::string reason{};                                 ///< Failed: the error; Elsewhere: the process that works on it
};

/// Who is told how a slide goes on.
class SlideObserver : public core::ProgressObserver {
 public:
  /// The slide's lock is taken: it is neither done nor in work elsewhere, and its segmentation begins.
  virtual void taken() = 0;
};

/// Segments the slides of a batch, in this process or in others. Not thread-safe.
class SlideRunner {
 public:
  virtual ~SlideRunner() = default;
  /// Gets ready for slides, so that what is wrong with the whole run is thrown before anything is written. Need not be called.
  virtual void prepare() {}
  /// Slides that may be started now.
  virtual std::size_t free() const = 0;
  /// Begins a slide, which the caller knows as number `slide`. The job is copied; the observer must live until the slide has ended. With
  /// `force` complete results are made again.
  virtual void start(std::size_t slide, const segment::SlideJob& job, bool force, SlideObserver& observer) = 0;
  struct Ended {
    std::size_t slide = 0;
    SlideOutcome outcome;
  };
  /// A started slide that has ended. Waits up to 0.2 s for one; nothing where none has ended by then. Errors of a slide are its outcome.
  /// Throws Cancelled.
  virtual std::optional<Ended> look() = 0;
  /// Waits until one of the started slides has ended; one must have been started. Otherwise as look().
  Ended wait() {
    for (;;)
      if (std::optional<Ended> ended = look()) return *std::move(ended);
  }
};

/// Segments one slide at a time, in this process, with the effects on it that segment_slide() has. Keeps references to `segmenter` and
/// `cancel`. Throws UsageError as segment::check_run() does.
std::unique_ptr<SlideRunner> runner_in_this_process(segment::Segmenter& segmenter, const segment::SegmentOptions& options,
                                                    const segment::RunIdentity& identity, const core::LockTimes& lock,
                                                    const core::CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline::archive
