#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/work_lock.hpp"

namespace wsi_lpd::output {

/// The run of a batch in one process.
struct RunRecord {
  std::string version;                 ///< of the program
  std::vector<std::string> arguments;  ///< behind the program's name
  std::string model_path, model_sha256, configuration_sha256;
  std::string host{};  ///< set by Journal, as the following
  std::int64_t pid = 0;
  std::int64_t started = 0;  ///< seconds since 1970, by this machine's clock
};

/// What is known of a run, from its journal.
struct RunState {
  RunRecord run;
  bool is_alive = false;              ///< its process runs, or has shown a sign of life lately
  std::chrono::seconds since_sign{};  ///< of life, by this machine's clock; only where it is alive
  std::int64_t slides = 0, already_done = 0, done = 0, failed = 0, elsewhere = 0;
  std::map<std::string, std::int64_t> in_work;  ///< slides to when they were begun, seconds since 1970
  double share = 0;                             ///< 0…1, of the work; with seconds_left of the time that `progress_at` says
  std::optional<double> seconds_left{};
  std::int64_t progress_at = 0;
  std::string end{};  ///< "finished", or why it stopped; empty where it runs, or ended without a word
  std::int64_t ended_at = 0;
};

/// The journal of a run: OUT/journal/HOST-PID-TIME.jsonl, one JSON object a line, each written by one write(); a slide's end is synced to
/// disk. While the run lives it holds the lock of that name. A line that can't be written is lost, without an error. Thread-safe.
class Journal {
 public:
  /// Throws UsageError when a run with another version of the program, model or configuration is alive in `output`; Error when the journal
  /// can't be made.
  Journal(const std::filesystem::path& output, RunRecord run);

  void plan(std::size_t slides, std::size_t already_done);
  void taken(const std::string& slide);
  /// Written every 10 seconds at most.
  void progress(double share, std::optional<double> seconds_left);
  /// `outcome`: "done", "failed", "elsewhere" or "already done"; `reason` of the last but one and the one before.
  void ended(const std::string& slide, const std::string& outcome, const std::string& reason);
  /// `how`: "finished", or why it stopped.
  void stop(const std::string& how);

  const std::filesystem::path& path() const { return path_; }

 private:
  void write(const std::string& line, bool sync);

  std::filesystem::path path_;
  std::unique_ptr<core::WorkLock> lock_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point told_{};
};

/// The run of one journal. Torn lines and lines of other versions are left out; nothing where the first line is none of ours. Throws Error:
/// it can't be read.
std::optional<RunState> read_journal(const std::filesystem::path& journal);
/// The runs of all journals in a folder of results, by the time of their start.
std::vector<RunState> read_journals(const std::filesystem::path& output);

/// The text of OUT/run.json: a run with its end, failures (slide to reason) and versions of libraries (docs/archives.md).
std::string run_text(const std::filesystem::path& output, const RunState& state, const std::map<std::string, std::string>& failures,
                     const std::map<std::string, std::string>& versions);

/// "2026-11-29T02:00:00Z"
std::string utc_text(std::int64_t seconds);

}  // namespace wsi_lpd::output
