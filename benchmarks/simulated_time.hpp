#pragma once
// The workers of many batches on one simulated clock. Nothing sleeps: when all batches wait, the clock goes on to the next event.
#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

#include "wsi_lpd/pipeline/archive/slide_runner.hpp"

namespace benchmarks {
namespace archive = wsi_lpd::pipeline::archive;

/// What becomes of a slide wherever it is done.
struct Fate {
  double seconds = 0;  ///< that a worker has it in work, with tries that crash, if the storage is fast enough
  bool fails = false;
};

/// Every slide in work reads `demand` bytes a second. Where that is more than `bandwidth` for all of them together, all go slower by the
/// same factor. So one queue is enough: its order is that of the work, and the factor says how much time passes until the next event.
struct Storage {
  double bandwidth = 0;  ///< bytes/s; 0: as fast as need be
  double demand = 0;     ///< bytes/s of a slide in work
};

/// Thread-safe. Batches are threads; each must call leave() when it has ended.
class SimulatedTime {
 public:
  /// A slide that is offered to a worker is taken `attempt` seconds later, when it is locked, or left because another batch has or had it.
  SimulatedTime(std::size_t batches, std::vector<Fate> fates, Storage storage, double attempt)
      : fates_(std::move(fates)),
        states_(fates_.size()),
        storage_(storage),
        attempt_(attempt),
        mail_(batches),
        woken_(batches),
        alive_(batches) {}

  struct Ended {
    std::size_t turn = 0;  ///< the number by which the batch knows the slide
    archive::SlideOutcome::Kind kind{};
  };
  void offer(std::size_t batch, std::size_t turn, std::size_t slide) {
    const std::lock_guard lock(mutex_);
    events_.push({now_work_ + attempt_, batch, turn, slide, false});
  }
  /// The next slide of the batch that ends.
  Ended wait(std::size_t batch) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    go_on();
    woken_[batch].wait(lock, [&] { return mail_[batch].has_value(); });
    return *std::exchange(mail_[batch], std::nullopt);
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    --alive_;
    first_end_ = first_end_ ? first_end_ : std::optional(now_);
    go_on();
  }

  double now() const { return now_; }                                  ///< seconds
  double first_end() const { return first_end_.value_or(now_); }       ///< of a batch
  std::int64_t attempts_in_vain() const { return attempts_in_vain_; }  ///< slides that another batch had or has

 private:
  using Kind = archive::SlideOutcome::Kind;
  enum class State : char { Free, InWork, Done };
  struct Event {
    double at = 0;  // seconds of work, which are longer than a second where the storage is too slow
    std::size_t batch = 0, turn = 0, slide = 0;
    bool is_end = false;
    bool operator>(const Event& other) const { return std::tie(at, batch, slide) > std::tie(other.at, other.batch, other.slide); }
  };

  /// If all batches wait, the clock goes on until one of them has something to do.
  void go_on() {
    if (alive_ == 0 || waiting_ < alive_) return;
    for (;;) {
      const Event event = events_.top();
      events_.pop();
      const double wanted = storage_.demand * static_cast<double>(in_work_);
      now_ += (event.at - now_work_) * (storage_.bandwidth > 0 ? std::max(1.0, wanted / storage_.bandwidth) : 1);
      now_work_ = event.at;
      State& state = states_[event.slide];
      if (!event.is_end && state == State::Free) {
        state = State::InWork;
        ++in_work_;
        events_.push({now_work_ + fates_[event.slide].seconds, event.batch, event.turn, event.slide, true});
        continue;
      }
      Kind kind = state == State::Done ? Kind::AlreadyDone : Kind::Elsewhere;
      if (event.is_end) {
        --in_work_;
        state = State::Done;
        kind = fates_[event.slide].fails ? Kind::Failed : Kind::Done;
      } else {
        ++attempts_in_vain_;
      }
      --waiting_;
      mail_[event.batch] = {event.turn, kind};
      return woken_[event.batch].notify_one();
    }
  }

  std::vector<Fate> fates_;
  std::vector<State> states_;
  Storage storage_;
  double attempt_;
  std::mutex mutex_;
  std::vector<std::optional<Ended>> mail_;
  std::vector<std::condition_variable> woken_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::size_t alive_, waiting_ = 0, in_work_ = 0;
  double now_ = 0, now_work_ = 0;
  std::optional<double> first_end_{};
  std::int64_t attempts_in_vain_ = 0;
};

/// The workers of one batch. `slides` are the numbers of its jobs on the clock.
class SimulatedWorkers : public archive::SlideRunner {
 public:
  SimulatedWorkers(SimulatedTime& time, std::size_t batch, std::vector<std::size_t> slides, std::size_t workers)
      : time_(time), batch_(batch), slides_(std::move(slides)), free_(workers) {}
  std::size_t free() const override { return free_; }
  void start(std::size_t turn, const wsi_lpd::pipeline::segment::SlideJob& job, bool, archive::SlideObserver&) override {
    --free_;
    names_.emplace_back(turn, job.slide);
    time_.offer(batch_, turn, slides_[turn]);
  }
  std::optional<Ended> look() override {
    const auto [turn, kind] = time_.wait(batch_);
    ++free_;
    const auto name = std::ranges::find(names_, turn, &std::pair<std::size_t, std::filesystem::path>::first);
    Ended ended{turn, {kind, std::move(name->second), {}, kind == archive::SlideOutcome::Kind::Done ? "" : "simulated"}};
    names_.erase(name);
    return ended;
  }

 private:
  SimulatedTime& time_;
  std::size_t batch_;
  std::vector<std::size_t> slides_;
  std::size_t free_;
  std::vector<std::pair<std::size_t, std::filesystem::path>> names_;  // of slides in work
};

}  // namespace benchmarks
