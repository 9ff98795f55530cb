#pragma once
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "worker_messages.hpp"

namespace wsi_lpd::pipeline::archive {

/// A program that runs beside this one, in a process group of its own: connected by a socket (its file descriptor kWorkerConnection), and
/// by a pipe that takes all it prints. Not thread-safe.
class WorkerProcess {
 public:
  /// Throws Error: the program can't be started.
  WorkerProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments);
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  /// Kills it.
  ~WorkerProcess();

  pid_t pid() const { return pid_; }
  int connection() const { return connection_; }  ///< to be polled for what it says
  int output() const { return output_; }          ///< to be polled for what it prints
  /// A process that is gone gets nothing, without an error.
  void send(const Message& message) const;
  /// Tells it that there is no more to do.
  void finish() const;
  void kill() const;
  /// Appends what it has said and printed. False when its connection is closed, which happens when it ends.
  bool read(std::vector<std::string>& said, std::vector<std::string>& printed);
  /// Waits for its end, at most `limit`, then kills it: "signal 11 (Segmentation fault)", "exit code 1".
  std::string end(std::chrono::milliseconds limit);

 private:
  pid_t pid_ = -1;
  int connection_ = -1, output_ = -1;
  LineReader said_, printed_;
};

}  // namespace wsi_lpd::pipeline::archive
