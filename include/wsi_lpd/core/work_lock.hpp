#pragma once
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::core {

/// The process that holds a lock, as the lock's file says.
struct LockOwner {
  std::string host;  ///< for people
  pid_t pid = 0;
  std::string start;  ///< of the process, in the kernel's ticks: another process may get its number
  std::string boot;   ///< of the machine, and the namespace of its process numbers: where these are equal, processes can be looked up
  std::string token;  ///< of this lock alone

  /// "HOST pid 1234"
  std::string text() const;
};

/// A lock as it is found.
struct HeldLock {
  LockOwner owner;
  bool gone = false;                  ///< the owner ran on this machine and runs no more
  std::chrono::seconds since_sign{};  ///< since the owner's last sign of life, by this machine's clock: to be shown only
};
/// Nothing where there is no such file, or one of another program. A cut-off lock has an owner without a host. Throws Error: unreadable.
std::optional<HeldLock> read_lock(const std::filesystem::path& path);

/// The lock was taken over by another process while this one did not show that it was alive.
class LockLost : public Error {
 public:
  using Error::Error;
};

struct LockTimes {
  std::chrono::milliseconds heartbeat{20'000};  ///< between signs of life
  std::chrono::milliseconds limit{300'000};     ///< without a sign of life, until a lock may be taken over
};

/// A lock on work that only one process may do at a time, on any number of machines that share a folder. The lock is a file, made with
/// O_EXCL. Each lock has a thread of its own, which touches the file as a sign of life. A lock is stale when its owner ran on this machine
/// and is gone, or when there was no sign of life for `limit`. Only the clock of the file server counts: the lock's time of change is
/// compared with that of a file that is touched now. A stale lock is renamed away and made anew. An owner that was stopped for that long
/// learns of the loss by still_held(). Owned through a pointer; thread-safe.
class WorkLock {
 public:
  struct Attempt {
    std::unique_ptr<WorkLock> lock;         ///< nothing where another process holds it
    std::optional<LockOwner> holder{};      ///< that process
    std::optional<LockOwner> taken_from{};  ///< whose stale lock was taken over
  };
  /// Does not wait. The folder of `path` must exist. Throws Error when the file cannot be made, or a file of another program has the name.
  static Attempt try_to_take(const std::filesystem::path& path, LockTimes times = {});

  /// Waits until the lock can be taken. Meant for work of a moment.
  static std::unique_ptr<WorkLock> take(const std::filesystem::path& path, LockTimes times = {});

  WorkLock(const WorkLock&) = delete;
  WorkLock& operator=(const WorkLock&) = delete;
  /// Removes the file where it is still this lock.
  ~WorkLock();

  bool is_held() const;  ///< reads the file; false also where it can't be read
  /// Did the thread that touches the file find the lock lost? Cheap: reads no file.
  bool is_lost() const { return lost_; }
  /// Touches the file. Throws LockLost with who has it now; Error: it can't be read. To be called right before results get their names.
  void still_held() const;

 private:
  WorkLock(std::filesystem::path path, int file, std::string token, std::chrono::milliseconds heartbeat);
  void beat(std::chrono::milliseconds interval, const std::stop_token& stop);

  std::filesystem::path path_;
  int file_;
  std::string token_;
  std::atomic<bool> lost_ = false;
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread heart_;
};

}  // namespace wsi_lpd::core
