#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "wsi_lpd/output/journal.hpp"
#include "wsi_lpd/pipeline/archive/job_list.hpp"
#include "wsi_lpd/pipeline/archive/slide_runner.hpp"
#include "wsi_lpd/pipeline/archive/staging.hpp"

namespace wsi_lpd::pipeline::archive {

struct BatchOptions {
  bool force = false;   ///< segment slides again even if their results are complete
  bool verify = false;  ///< read the files of complete results, and make those again whose bytes have changed
  /// Called in the calling thread as soon as a slide's outcome is known: first for slides that were complete before, last for those left to
  /// other processes.
  std::function<void(const SlideOutcome&)> on_outcome{};
  output::Journal* journal = nullptr;  ///< records how the slides go on; must outlive the batch
  Staging* staging = nullptr;          ///< copies slides ahead, which are then read from the copies; must outlive the batch
};

struct BatchReport {
  std::size_t done = 0;
  std::size_t already_done = 0;                  ///< slides whose results were complete before the batch
  std::map<std::string, std::string> failures;   ///< slide to error
  std::map<std::string, std::string> elsewhere;  ///< slide to the process that works on it
};

/// Segments the slides, the largest first, so that the end does not wait for one large slide. A slide that fails stops no other. A slide is
/// skipped when its complete results were made from the same file with the same model and configuration, and their files still have the
/// recorded sizes, or bytes.
/// Any number of processes may write to one `output`. Each slide has a lock file (output::lock_path()). A slide that another process works
/// on is left to that process and tried once more at the end. Files that a dead process left are removed, and its slide is segmented again.
/// Keeps OUT/summary.csv up to date with all results and failures in `output`. Errors of a single slide are failures of that slide. Throws
/// Error when summary.csv can't be written at the end, Cancelled, and what `runner` throws. Not thread-safe: one batch at a time per
/// runner.
BatchReport run_batch(const JobList& jobs, const std::filesystem::path& output, SlideRunner& runner, const segment::RunIdentity& identity,
                      const BatchOptions& batch, const core::Work& work);

}  // namespace wsi_lpd::pipeline::archive
