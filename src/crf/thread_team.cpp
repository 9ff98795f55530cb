#include "thread_team.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace wsi_lpd::crf {

ThreadTeam::ThreadTeam(int threads) {
  if (threads == 0) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  try {
    for (int worker = 1; worker < threads; ++worker) threads_.emplace_back(&ThreadTeam::follow, this, worker);
  } catch (const std::system_error&) {
    // The system gives no more threads: the team is as large as it got.
  }
}

ThreadTeam::~ThreadTeam() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  started_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::for_each(std::int64_t count, const std::function<void(std::int64_t, int)>& task) {
  {
    const std::lock_guard lock(mutex_);
    task_ = &task;
    count_ = count;
    next_ = 0;
    running_ = static_cast<int>(threads_.size());
    ++loop_;
  }
  started_.notify_all();
  run_tasks(0);
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [&] { return running_ == 0; });
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void ThreadTeam::follow(int worker) {
  for (std::uint64_t seen = 0;; ++seen) {
    {
      std::unique_lock lock(mutex_);
      started_.wait(lock, [&] { return stop_ || loop_ > seen; });
      if (stop_) return;
    }
    run_tasks(worker);
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) finished_.notify_one();
  }
}

void ThreadTeam::run_tasks(int worker) {
  try {
    for (std::int64_t i; (i = next_++) < count_;) (*task_)(i, worker);
  } catch (...) {
    next_ = count_;
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::current_exception();
  }
}

}  // namespace wsi_lpd::crf
