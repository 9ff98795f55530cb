#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <new>
#include <thread>

#include "slide_turn.hpp"
#include "worker_messages.hpp"
#include "wsi_lpd/core/exception_text.hpp"
#include "wsi_lpd/pipeline/archive/workers.hpp"

namespace wsi_lpd::pipeline::archive {
namespace {

/// A worker's side of its connection. Thread-safe.
class Connection {
 public:
  void send(const Message& message) {
    const std::string line = line_of(message);
    const std::lock_guard lock(mutex_);
    for (std::size_t sent = 0; sent < line.size();) {
      const ssize_t count = ::send(kWorkerConnection, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
      if (count > 0) sent += static_cast<std::size_t>(count);
      if (count < 0 && errno != EINTR) return;  // the batch is gone: Jobs learns that, too
    }
  }

 private:
  std::mutex mutex_;
};

/// The jobs that come, read by a thread of its own, which also learns when the batch is gone.
class Jobs {
 public:
  explicit Jobs(core::CancelFlag& cancel) : cancel_(cancel), thread_([this] { read(); }) {}
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;
  ~Jobs() {
    is_over_ = true;
    shutdown(kWorkerConnection, SHUT_RD);
    thread_.join();
  }

  /// Waits for the next; nothing when there are no more.
  std::optional<Message> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !jobs_.empty() || is_closed_; });
    if (jobs_.empty()) return {};
    Message job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

 private:
  void read() {
    std::string text;
    char bytes[4096];
    ssize_t count = 0;
    while ((count = ::read(kWorkerConnection, bytes, sizeof bytes)) > 0 || (count < 0 && errno == EINTR)) {
      if (count > 0) text.append(bytes, static_cast<std::size_t>(count));
      for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
        const std::lock_guard lock(mutex_);
        if (auto job = message_of(text.substr(0, end))) jobs_.push_back(std::move(*job));
        changed_.notify_all();
      }
    }
    {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
      cancel_ = true;
      changed_.notify_all();
    }
    constexpr int kMostTenths = 80;
    for (int i = 0; i < kMostTenths && !is_over_; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (!is_over_) _exit(1);  // it hangs
  }

  core::CancelFlag& cancel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Message> jobs_;
  bool is_closed_ = false;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

/// Sends what a slide's segmentation tells.
class RemoteObserver : public SlideObserver {
 public:
  explicit RemoteObserver(Connection& connection) : connection_(connection) {}
  void taken() override { connection_.send({{"what", "taken"}}); }
  void begin(const std::string& what, std::int64_t total, const std::string& unit) override {
    {
      const std::lock_guard lock(mutex_);
      last_ = {};
      waiting_.reset();
    }
    connection_.send({{"what", "begin"}, {"stage", what}, {"total", total}, {"unit", unit}});
  }
  void advance(std::int64_t done, const std::string& note) override {
    constexpr auto kInterval = std::chrono::milliseconds(100);
    const std::lock_guard lock(mutex_);
    waiting_ = {{"what", "advance"}, {"done", done}, {"note", note}};
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < kInterval) return;
    last_ = now;
    send_waiting();
  }
  void end() override {
    const std::lock_guard lock(mutex_);
    send_waiting();
    connection_.send({{"what", "end"}});
  }
  void info(const std::string& line) override { connection_.send({{"what", "info"}, {"line", packed(line)}}); }
  void warn(const std::string& line) override { connection_.send({{"what", "warn"}, {"line", packed(line)}}); }
  void error(const std::string& line) override { connection_.send({{"what", "error"}, {"line", packed(line)}}); }

 private:
  void send_waiting() {
    if (waiting_) connection_.send(*waiting_);
    waiting_.reset();
  }

  Connection& connection_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point last_{};
  std::optional<Message> waiting_;  ///< the last that was not sent
};

void limit_memory(std::int64_t bytes) {
  if (bytes <= 0) return;
  rlimit limit{};
  getrlimit(RLIMIT_DATA, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, static_cast<rlim_t>(bytes));
  setrlimit(RLIMIT_DATA, &limit);
}

/// The kernel sends SIGTERM once for each thread that the parent had: no such signal may end the process at once.
void stop_with_parent(core::CancelFlag& cancel) {
  static core::CancelFlag* flag = nullptr;
  flag = &cancel;
  std::signal(SIGTERM, [](int) { flag->store(true, std::memory_order_relaxed); });
  prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/// Returns false: no slide could be done.
bool refuse(Connection& connection, const std::string& reason, bool usage) {
  connection.send({{"what", "refused"}, {"reason", packed(reason)}, {"usage", usage}});
  return false;
}

}  // namespace

bool serve_worker(const std::function<WorkerRun(const WorkerShare&)>& load, core::CancelFlag& cancel) {
  if (fcntl(kWorkerConnection, F_SETFD, FD_CLOEXEC) != 0) throw core::Error("this is no worker process: batch --workers starts them");
  stop_with_parent(cancel);
  Connection connection;
  Jobs jobs(cancel);
  const auto first = jobs.next();
  if (!first) return true;
  const WorkerShare share = share_of(*first);
  const core::LockTimes lock = lock_of(*first);
  limit_memory(share.memory);
  WorkerRun run;
  try {
    run = load(share);
    segment::check_run(run.options, run.segmenter->shape(), run.identity);
  } catch (const core::UsageError& error) {
    return refuse(connection, error.what(), true);
  } catch (const std::exception& error) {
    const char* too_little = "a worker process has too little memory for the model: --slide-memory gives more";
    return refuse(connection, core::is_out_of_memory(error) ? too_little : core::exception_text(error), false);
  }
  connection.send({{"what", "ready"}, {"model", run.identity.model_sha256}, {"configuration", run.identity.configuration_sha256}});
  RemoteObserver observer(connection);
  bool all_done = true;
  while (const auto job = jobs.next()) {
    core::check(cancel);
    try {
      const SlideOutcome outcome =
          take_turn(job_of(*job), job->at("force"), *run.segmenter, run.options, run.identity, lock, observer, cancel);
      all_done = all_done && outcome.kind != SlideOutcome::Kind::Failed;
      if (outcome.kind == SlideOutcome::Kind::Failed && run.segmenter->is_lost()) {
        connection.send({{"what", "device"}, {"reason", packed(outcome.reason)}});
        return false;  // a new process may have the device again
      }
      Message message = message_of(outcome);
      message["what"] = "outcome";
      connection.send(message);
    } catch (const std::bad_alloc&) {
      connection.send({{"what", "memory"}});
      return false;  // a new process has its memory in one piece
    }
  }
  return all_done;
}

}  // namespace wsi_lpd::pipeline::archive
