#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/archive/slide_runner.hpp"

namespace wsi_lpd::pipeline::archive {

/// What one worker process gets of the machine.
struct WorkerShare {
  int threads = 0;          ///< 0: all cores
  std::string device;       ///< as --device takes it
  std::int64_t memory = 0;  ///< bytes of data (RLIMIT_DATA) that the process may have; 0: no limit
};

struct WorkerOptions {
  /// Runs `program` with `arguments` (the first is the program's name); it must call serve_worker().
  std::filesystem::path program;
  std::vector<std::string> arguments;
  std::vector<WorkerShare> shares;  ///< one for each worker, at least one
  /// Time that a slide may take from the moment its lock is taken; 0: 10 minutes, and 5 seconds for each tile. A slide whose next tile
  /// takes longer than `patience` ends, too.
  std::chrono::seconds slide_timeout{0};
  std::chrono::seconds patience{600};
  core::LockTimes lock{};
  /// Lines that worker `number` (from 1 on) prints or tells. Called in the thread that calls SlideRunner::wait().
  std::function<void(std::size_t number, const std::string& line)> on_log{};
};

/// Segments slides in worker processes, so that a crash, an endless loop or a want of memory costs one slide: that slide is tried once more
/// in a new process, then it has failed, with the signal, the stage and the last lines of the log as its reason. Workers are started when
/// they are first needed, load the model once, and die with this process. wait() throws what a worker throws while it starts: UsageError,
/// Error. Throws Error: `identity` is not what a worker finds, or no worker starts. The destructor ends the workers within 8 seconds. Keeps
/// references to `observer` and `cancel`.
std::unique_ptr<SlideRunner> runner_in_workers(WorkerOptions options, segment::RunIdentity identity, core::ProgressObserver& observer,
                                               const core::CancelFlag& cancel);

/// What a worker needs for its slides.
struct WorkerRun {
  std::unique_ptr<segment::Segmenter> segmenter;
  segment::SegmentOptions options;
  segment::RunIdentity identity;
};

/// The other side: does the slides that the starting process sends, until there are no more. `load` is called once. Returns whether
/// all slides could be done. Effects on the process: limits its data, gets SIGTERM when its parent dies, and has a handler of SIGTERM and a
/// thread that set `cancel`, which must outlive the process's work; the thread does when the parent is gone, and ends the process 8 seconds
/// later. Throws Error where the process was not started by runner_in_workers().
bool serve_worker(const std::function<WorkerRun(const WorkerShare&)>& load, core::CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline::archive
