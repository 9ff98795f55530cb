#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace wsi_lpd::crf {

/// A team of threads that run many short loops together. The calling thread belongs to the team: a team of one starts no thread.
class ThreadTeam {
 public:
  /// 0: as many as the machine has cores. If the system refuses threads, the team is smaller.
  explicit ThreadTeam(int threads);
  /// Ends and joins the threads.
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int size() const { return static_cast<int>(threads_.size()) + 1; }
  /// Calls task(i, worker) for every i in [0, count) on some thread, with worker in [0, size()), and returns when all calls are done.
  /// Rethrows the first exception of a task; the remaining tasks may then not have run. Not thread-safe; must not be called from a task.
  void for_each(std::int64_t count, const std::function<void(std::int64_t i, int worker)>& task);

 private:
  void follow(int worker);
  void run_tasks(int worker);

  std::mutex mutex_;
  std::condition_variable started_, finished_;
  // Under the mutex:
  std::uint64_t loop_ = 0;  ///< counts for_each calls
  int running_ = 0;
  bool stop_ = false;
  std::exception_ptr error_;
  // Of the current loop:
  const std::function<void(std::int64_t, int)>* task_ = nullptr;
  std::int64_t count_ = 0;
  std::atomic<std::int64_t> next_ = 0;

  std::vector<std::thread> threads_;
};

}  // namespace wsi_lpd::crf
