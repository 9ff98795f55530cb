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

/// What became of one slide.
struct SlideOutcome {
  enum class Kind {
    Done,
    AlreadyDone,  ///< its results were complete already
    Failed,
    Elsewhere,  ///< another process has it in work
  };
  Kind kind = Kind::Done;
  std::filesystem::path slide;
  std::optional<output::SlideStatistics> statistics{};  ///< of Done
  std::string reason{};                                 ///< of Failed; of Elsewhere: the process
};

struct BatchOptions {
  bool force = false;  ///< do slides again whose results are complete
  /// Called as soon as a slide's outcome is known, in the order of the slides; those left to other processes come last.
  std::function<void(const SlideOutcome&)> on_outcome{};
  core::LockTimes lock{};
};

struct BatchReport {
  std::vector<output::SlideStatistics> finished;
  std::vector<std::filesystem::path> skipped;    ///< their results were complete already
  std::map<std::string, std::string> failures;   ///< slide to reason
  std::map<std::string, std::string> elsewhere;  ///< slide to the process that has it in work
};

/// Segments slide after slide. One that fails stops no other; one whose complete results were made from the same file with the same model
/// and configuration, and have kept their files' sizes, is skipped. Any number of processes may work into one `output`: each slide has a
/// lock (output::lock_path()), what another process has in work is left to it and tried once more at the end, and what a dead one left is
/// removed and done again. Rewrites OUT/summary.csv from all results and failures in `output` after each slide. Throws
/// UsageError as check_run() does, before anything is written; Cancelled. What is wrong with one slide is a failure of that slide.
BatchReport run_batch(const std::vector<segment::SlideJob>& jobs, const std::filesystem::path& output, segment::Segmenter& segmenter,
                      const segment::SegmentOptions& options, const segment::RunIdentity& identity, const BatchOptions& batch,
                      const core::Work& work);

}  // namespace wsi_lpd::pipeline::archive
