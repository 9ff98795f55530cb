#include <poll.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "worker_messages.hpp"
#include "worker_process.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/output/slide_files.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/pipeline/archive/workers.hpp"

namespace wsi_lpd::pipeline::archive {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = SlideOutcome::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kStartLimit{600};  // a large model from a slow disk
constexpr seconds kTimeOfSlide{600}, kTimeOfTile{5};
constexpr seconds kEndLimit{8};

/// A slide that a worker does.
struct Task {
  std::size_t slide = 0;
  segment::SlideJob job;
  bool force = false;
  SlideObserver* observer = nullptr;
  int tries = 1;
  std::string first_end{};  // why the first try ended

  std::string stage{"starting"};
  bool counts_tiles = false;          // the stage
  std::int64_t tiles = 0, done = 0;   // of the stage that counts tiles, once there was one
  Clock::time_point taken{}, sign{};  // the slide's lock was taken; the last stage or tile. Not set before it is taken
};

/// A place that one worker process has, and the next where that ends too early.
struct Worker {
  WorkerShare share;
  std::unique_ptr<WorkerProcess> process{};
  bool is_ready = false;
  Clock::time_point started{};
  std::optional<Task> task{};
  std::deque<std::string> log{};  // last lines
  std::string why_killed{};
  std::string refusal{};  // why no process can be started here any more
};

class WorkerPool : public SlideRunner {
 public:
  WorkerPool(WorkerOptions options, segment::RunIdentity identity, core::ProgressObserver& observer, const core::CancelFlag& cancel)
      : options_(std::move(options)), identity_(std::move(identity)), observer_(observer), cancel_(cancel) {
    for (const WorkerShare& share : options_.shares) workers_.push_back({share});
  }

  ~WorkerPool() override {
    for (const Worker& worker : workers_) {
      if (!worker.process) continue;
      worker.is_ready ? worker.process->finish() : worker.process->kill();  // while it loads the model there is nothing to clear away
    }
    const auto limit = Clock::now() + kEndLimit;
    for (const Worker& worker : workers_)
      if (worker.process) worker.process->end(std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(limit - Clock::now())));
  }

  void prepare() override {
    for (Worker& worker : workers_) spawn(worker);
    while (!was_ready_ && !workers_.empty()) {
      core::check(cancel_);
      listen();
      for (Worker& worker : workers_) keep_limits(worker);
    }
  }

  std::size_t free() const override {
    const auto count = static_cast<std::size_t>(std::ranges::count_if(workers_, is_free));
    return count == 0 && std::ranges::none_of(workers_, is_open) ? 1 : count;  // start() then says why
  }

  void start(std::size_t slide, const segment::SlideJob& job, bool force, SlideObserver& observer) override {
    // A process that is there comes before one that must be started.
    auto worker = std::ranges::find_if(workers_, [](const Worker& each) { return is_free(each) && each.process; });
    if (worker == workers_.end()) worker = std::ranges::find_if(workers_, is_free);
    if (worker == workers_.end()) throw core::Error("no worker process can be started any more: " + workers_.front().refusal);
    worker->task = Task{slide, job, force, &observer};
    begin(*worker);
  }

  std::optional<Ended> look() override {
    if (ended_.empty()) {
      core::check(cancel_);
      listen();
      for (Worker& worker : workers_) keep_limits(worker);
    }
    if (ended_.empty()) return {};
    Ended first = std::move(ended_.front());
    ended_.pop_front();
    return first;
  }

 private:
  static bool is_open(const Worker& worker) { return worker.refusal.empty(); }
  static bool is_free(const Worker& worker) { return is_open(worker) && !worker.task; }
  std::size_t number(const Worker& worker) const { return static_cast<std::size_t>(&worker - workers_.data()) + 1; }

  void spawn(Worker& worker) {
    worker.process = std::make_unique<WorkerProcess>(options_.program, options_.arguments);
    worker.process->send(message_of(worker.share, options_.lock));
    worker.started = Clock::now();
    worker.is_ready = false;
    worker.why_killed.clear();
  }

  /// Sends the worker its task, to a new process where it has none. A process gets it when it is ready: one that is not can be killed, as
  /// it holds no lock.
  void begin(Worker& worker) {
    if (!worker.process) spawn(worker);
    worker.log.clear();
    Task& task = *worker.task;
    task.stage = "starting";
    task.counts_tiles = false;
    task.tiles = task.done = 0;
    task.taken = task.sign = {};
    if (worker.is_ready) worker.process->send(message_of(task.job, task.force));
  }

  void listen() {
    constexpr int kInterval = 200;  // ms between two looks at the clock and at the wish to stop
    std::vector<pollfd> files;
    for (const Worker& worker : workers_) {
      if (!worker.process) continue;
      files.push_back({worker.process->connection(), POLLIN, 0});
      files.push_back({worker.process->output(), POLLIN, 0});
    }
    poll(files.data(), files.size(), kInterval);
    for (Worker& worker : workers_)
      if (worker.process) hear(worker);
  }

  void hear(Worker& worker) {
    std::vector<std::string> said, printed;
    const bool is_open = worker.process->read(said, printed);
    for (const std::string& line : printed) log(worker, line);
    for (const std::string& line : said) {
      if (const auto message = message_of(line)) take(worker, *message);
    }
    if (!is_open) ended_early(worker);
  }

  void log(Worker& worker, const std::string& line) {
    constexpr std::size_t kLast = 3;
    worker.log.push_back(line);
    if (worker.log.size() > kLast) worker.log.pop_front();
    if (options_.on_log) options_.on_log(number(worker), line);
  }

  void take(Worker& worker, const Message& message) {
    const std::string what = message.value("what", "");
    if (what == "ready") {
      worker.is_ready = was_ready_ = true;
      if (message.at("model") != identity_.model_sha256)
        throw core::Error(identity_.model_path + ": has changed since this batch began; start the batch again");
      if (message.at("configuration") != identity_.configuration_sha256)
        throw core::Error("a file that the options name has changed since this batch began; start the batch again");
      if (worker.task) worker.process->send(message_of(worker.task->job, worker.task->force));
      return;
    }
    if (what == "refused") {
      const std::string reason = unpacked(message.at("reason"));
      if (was_ready_) {  // nothing is wrong with the run: perhaps its GPU is gone
        worker.refusal = reason;
        return;
      }
      if (message.at("usage").get<bool>()) throw core::UsageError(reason);
      throw core::Error(reason);
    }
    if (worker.task) tell(worker, *worker.task, what, message);
  }

  void tell(Worker& worker, Task& task, const std::string& what, const Message& message) {
    SlideObserver& observer = *task.observer;
    task.sign = Clock::now();
    const auto told = [&](const char* level) {
      std::string line = unpacked(message.at("line"));
      if (options_.on_log) options_.on_log(number(worker), std::string(level) + ": " + line);
      return line;
    };
    if (what == "taken") {
      task.taken = task.sign;
      observer.taken();
    } else if (what == "begin") {
      task.stage = message.at("stage");
      const std::int64_t total = message.at("total");
      const std::string unit = message.at("unit");
      task.counts_tiles = unit == "tiles";
      if (task.counts_tiles) task.tiles = total;
      if (options_.on_log) options_.on_log(number(worker), task.job.slide.string() + ": " + task.stage);
      observer.begin(task.stage, total, unit);
    } else if (what == "advance") {
      const std::int64_t done = message.at("done");
      if (task.counts_tiles) task.done = done;
      observer.advance(done, message.at("note"));
    } else if (what == "end") {
      observer.end();
    } else if (what == "info") {
      observer.info(told("info"));
    } else if (what == "warn") {
      observer.warn(told("warning"));
    } else if (what == "error") {
      observer.error(told("error"));
    } else if (what == "memory") {
      worker.why_killed =
          "ran out of memory" +
          (worker.share.memory > 0 ? " (" + std::to_string(worker.share.memory >> 20) + " MiB: --slide-memory gives more)" : std::string());
    } else if (what == "device") {
      const std::string reason = unpacked(message.at("reason")), slide = task.job.slide.string() + ": ";
      worker.why_killed = "can't compute any more (" + (reason.starts_with(slide) ? reason.substr(slide.size()) : reason) + ")";
      worker.process->kill();  // it holds no lock, and its driver may hang
    } else if (what == "outcome") {
      end(worker, outcome_of(message));
    }
  }

  void end(Worker& worker, SlideOutcome outcome) {
    if (outcome.kind == Kind::Done) {
      try {
        outcome.statistics = output::read_statistics(std::filesystem::path(worker.task->job.stem) += ".json");
      } catch (const core::Error& error) {
        outcome.kind = Kind::Failed;
        outcome.reason = error.what();
      }
    }
    ended_.push_back({worker.task->slide, std::move(outcome)});
    worker.task.reset();
  }

  void keep_limits(Worker& worker) {
    if (!worker.process || !worker.why_killed.empty()) return;
    const auto now = Clock::now();
    std::string why;
    if (!worker.is_ready) {
      if (now - worker.started > kStartLimit) why = "was not ready after " + seconds_text(kStartLimit);
    } else if (worker.task && worker.task->taken != Clock::time_point()) {
      const Task& task = *worker.task;
      const bool is_given = options_.slide_timeout.count() > 0;
      const seconds limit = is_given ? options_.slide_timeout : kTimeOfSlide + task.tiles * kTimeOfTile;
      if (now - task.taken > limit)
        why = "took longer than " + seconds_text(limit) + (is_given ? " (--slide-timeout)" : " (--slide-timeout gives more)");
      else if (task.counts_tiles && now - task.sign > options_.patience)
        why = "did not get beyond one tile for " + seconds_text(options_.patience);
    }
    if (why.empty()) return;
    worker.why_killed = why;
    worker.process->kill();
  }

  static std::string seconds_text(seconds time) { return std::to_string(time.count()) + " s"; }

  /// The process is gone, or its connection is: its slide gets one more try.
  void ended_early(Worker& worker) {
    const std::string how = worker.process->end(seconds(2));
    worker.process.reset();
    if (!worker.is_ready && !was_ready_) {
      throw core::Error("a worker process ended with " + how + " before it was ready" + last_lines(worker) +
                        (worker.share.memory > 0 ? "; it may have too little memory (--slide-memory)" : "") +
                        "; --workers 0 works without such processes");
    }
    if (!is_open(worker)) return close(worker);
    const std::string why = "its worker process " + (worker.why_killed.empty() ? "ended with " + how : worker.why_killed);
    if (!worker.task) {
      observer_.warn("an idle worker process ended with " + how + "; the next slide gets a new one");
      return;
    }
    Task& task = *worker.task;
    const std::string slide = task.job.slide.string();
    const bool is_again = task.first_end == why;
    const std::string end = why + " while " + place(task) + (is_again ? ", twice" : "") + last_lines(worker);
    task.observer->end();
    if (task.tries == 2) {
      remove_leftovers(task.job);
      const std::string first = is_again ? "" : "; the first time " + task.first_end;
      this->end(worker, {Kind::Failed, task.job.slide, {}, slide + ": " + end + first});
      return;
    }
    observer_.warn(slide + ": " + end + "; it is tried once more in a new process");
    task.first_end = why;
    ++task.tries;
    begin(worker);
  }

  /// The place gets no process any more. The slide that it had has failed.
  void close(Worker& worker) {
    observer_.warn("worker process " + std::to_string(number(worker)) + " (" + worker.share.device +
                   ") can't be started any more, and the batch goes on without it: " + worker.refusal);
    if (!worker.task) return;
    const Task& task = *worker.task;
    const std::string first = task.first_end.empty() ? "" : task.first_end + "; ";
    task.observer->end();
    end(worker,
        {Kind::Failed, task.job.slide, {}, task.job.slide.string() + ": " + first + "no new one can be started: " + worker.refusal});
  }

  /// Of a slide whose process is gone.
  void remove_leftovers(const segment::SlideJob& job) {
    try {
      const auto attempt = core::WorkLock::try_to_take(output::lock_path(job.stem), options_.lock);
      if (attempt.lock) output::remove_unfinished(job.stem);
    } catch (const std::exception& error) {
      observer_.warn(error.what());
    }
  }

  static std::string place(const Task& task) {
    return task.stage +
           (task.counts_tiles ? " (" + std::to_string(task.done) + " of " + std::to_string(task.tiles) + " tiles)" : std::string());
  }

  static std::string last_lines(const Worker& worker) {
    if (worker.log.empty()) return {};
    return "; its last lines: " + core::joined(std::vector<std::string>(worker.log.begin(), worker.log.end()), " | ");
  }

  WorkerOptions options_;
  segment::RunIdentity identity_;
  core::ProgressObserver& observer_;
  const core::CancelFlag& cancel_;
  std::vector<Worker> workers_;
  std::deque<Ended> ended_;
  bool was_ready_ = false;  // any of them
};

}  // namespace

std::unique_ptr<SlideRunner> runner_in_workers(WorkerOptions options, segment::RunIdentity identity, core::ProgressObserver& observer,
                                               const core::CancelFlag& cancel) {
  return std::make_unique<WorkerPool>(std::move(options), std::move(identity), observer, cancel);
}

}  // namespace wsi_lpd::pipeline::archive
