#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

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

struct BatchOptions {
  bool force = false;  ///< segment slides again even if their results are complete
  /// Called in the calling thread as soon as a slide's outcome is known, in the order of the slides, but last for those left to other
  /// processes.
  std::function<void(const SlideOutcome&)> on_outcome{};
  core::LockTimes lock{};
};

struct BatchReport {
  std::vector<output::SlideStatistics> finished;
  std::vector<std::filesystem::path> skipped;    ///< slides whose results were complete before the batch
  std::map<std::string, std::string> failures;   ///< slide to error
  std::map<std::string, std::string> elsewhere;  ///< slide to the process that works on it
};

/// Segments the slides one after the other. A slide that fails stops no other. A slide is skipped when its complete results were made from
/// the same file with the same model and configuration, and their files still have the recorded sizes.
/// Any number of processes may write to one `output`. Each slide has a lock file (output::lock_path()). A slide that another process works
/// on is left to that process and tried once more at the end. Files that a dead process left are removed, and its slide is segmented again.
/// Rewrites OUT/summary.csv from all results and failures in `output` after each slide that was segmented or failed, and at the end. Errors
/// of a single slide are failures of that slide. Throws UsageError as check_run() does, before anything is written; Error when summary.csv
/// can't be written at the end; Cancelled.
/// Process-wide effects are those of segment_slide(). Not thread-safe: one batch at a time per segmenter.
BatchReport run_batch(const std::vector<segment::SlideJob>& jobs, const std::filesystem::path& output, segment::Segmenter& segmenter,
                      const segment::SegmentOptions& options, const segment::RunIdentity& identity, const BatchOptions& batch,
                      const core::Work& work);

}  // namespace wsi_lpd::pipeline::archive
