#include "slide_turn.hpp"

#include <new>
#include <utility>

#include "earlier_result.hpp"
#include "wsi_lpd/core/exception_text.hpp"
#include "wsi_lpd/output/slide_files.hpp"

namespace wsi_lpd::pipeline::archive {
namespace fs = std::filesystem;
namespace {

using Kind = SlideOutcome::Kind;

constexpr const char* kOutOfMemory = "out of memory: try a smaller --batch-size or --tile, or fewer --threads";

/// Forwards what a slide's segmentation tells, and stops it with LockLost as soon as the slide's lock is lost.
class LockWatch : public core::ProgressObserver {
 public:
  LockWatch(core::ProgressObserver& to, const core::WorkLock& lock) : to_(to), lock_(lock) {}
  void begin(const std::string& what, std::int64_t total, const std::string& unit) override { to_.begin(what, total, unit); }
  void advance(std::int64_t done, const std::string& note) override {
    if (lock_.is_lost()) lock_.still_held();
    to_.advance(done, note);
  }
  void end() override { to_.end(); }
  void info(const std::string& line) override { to_.info(line); }
  void warn(const std::string& line) override { to_.warn(line); }
  void error(const std::string& line) override { to_.error(line); }

 private:
  core::ProgressObserver& to_;
  const core::WorkLock& lock_;
};

void say_what_is_replaced(const segment::SlideJob& job, const segment::RunIdentity& identity, core::ProgressObserver& observer) {
  try {
    if (const std::string what = earlier_result(job, identity).why_again; !what.empty()) observer.warn(job.slide.string() + ": " + what);
  } catch (const core::Error& error) {  // unreadable statistics are no proof of anything: do the slide again
    observer.warn(error.what());
  }
}

class InThisProcess : public SlideRunner {
 public:
  InThisProcess(segment::Segmenter& segmenter, segment::SegmentOptions options, segment::RunIdentity identity, core::LockTimes lock,
                const core::CancelFlag& cancel)
      : segmenter_(segmenter), options_(std::move(options)), identity_(std::move(identity)), lock_(lock), cancel_(cancel) {
    segment::check_run(options_, segmenter_.shape(), identity_);
  }

  std::size_t free() const override { return ended_ ? 0 : 1; }
  void start(std::size_t slide, const segment::SlideJob& job, bool force, SlideObserver& observer) override {
    if (segmenter_.is_lost())
      throw core::Error(
          "the device has failed, and this process can't use it any more: start the batch again, which goes on where it ended; with "
          "--workers 1 it goes on by itself");
    ended_ = {slide, {Kind::Failed, job.slide, {}, core::in_context(job.slide.string(), kOutOfMemory)}};
    try {
      ended_->outcome = take_turn(job, force, segmenter_, options_, identity_, lock_, observer, cancel_);
    } catch (const std::bad_alloc&) {
    }
  }
  std::optional<Ended> look() override { return std::exchange(ended_, std::nullopt); }

 private:
  segment::Segmenter& segmenter_;
  segment::SegmentOptions options_;
  segment::RunIdentity identity_;
  core::LockTimes lock_;
  const core::CancelFlag& cancel_;
  std::optional<Ended> ended_{};
};

SlideOutcome take_locked_turn(const segment::SlideJob& job, bool force, segment::Segmenter& segmenter,
                              const segment::SegmentOptions& options, const segment::RunIdentity& identity,
                              const core::LockTimes& lock_times, SlideObserver& observer, const core::CancelFlag& cancel) {
  const std::string slide = job.slide.string();
  const fs::path lock_file = output::lock_path(job.stem);
  if (job.stem.has_parent_path()) fs::create_directories(job.stem.parent_path());
  const core::WorkLock::Attempt attempt = core::WorkLock::try_to_take(lock_file, lock_times);
  if (!attempt.lock) {
    if (!force && is_done(job, identity)) return {Kind::AlreadyDone, job.slide};
    return {Kind::Elsewhere, job.slide, {}, attempt.holder->text()};
  }
  if (attempt.taken_from)
    observer.warn(slide + ": taken over from " + attempt.taken_from->text() +
                  ", which is gone or gave no sign of life for long; what it left is removed");
  output::remove_unfinished(job.stem);
  if (!force && is_done(job, identity)) return {Kind::AlreadyDone, job.slide};  // another process did it a moment ago
  observer.taken();
  if (fs::exists(job.slide)) say_what_is_replaced(job, identity, observer);
  LockWatch watch(observer, *attempt.lock);
  try {
    return {Kind::Done, job.slide, segment::segment_slide(job, segmenter, options, identity, {watch, cancel}, attempt.lock.get())};
  } catch (const std::exception&) {
    if (attempt.lock->is_held()) throw;
    observer.end();
    const auto now = core::read_lock(lock_file);
    const std::string holder = now ? now->owner.text() : "another process";
    // Whatever was thrown: the other process has removed the files of this one.
    observer.warn(slide + ": " + holder +
                  " has taken it over, as there was no sign of life of this process for long; what this process made of it is thrown away");
    return {Kind::Elsewhere, job.slide, {}, holder};
  }
}

}  // namespace

SlideOutcome take_turn(const segment::SlideJob& job, bool force, segment::Segmenter& segmenter, const segment::SegmentOptions& options,
                       const segment::RunIdentity& identity, const core::LockTimes& lock, SlideObserver& observer,
                       const core::CancelFlag& cancel) {
  try {
    return take_locked_turn(job, force, segmenter, options, identity, lock, observer, cancel);
  } catch (const core::Cancelled&) {
    throw;
  } catch (const std::exception& error) {
    observer.end();
    if (core::is_out_of_memory(error)) throw std::bad_alloc();
    return {Kind::Failed, job.slide, {}, core::in_context(job.slide.string(), core::exception_text(error))};
  }
}

std::unique_ptr<SlideRunner> runner_in_this_process(segment::Segmenter& segmenter, const segment::SegmentOptions& options,
                                                    const segment::RunIdentity& identity, const core::LockTimes& lock,
                                                    const core::CancelFlag& cancel) {
  return std::make_unique<InThisProcess>(segmenter, options, identity, lock, cancel);
}

}  // namespace wsi_lpd::pipeline::archive
