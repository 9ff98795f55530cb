#include "wsi_lpd/pipeline/archive/batch.hpp"

#include <algorithm>
#include <deque>
#include <set>

#include "batch_progress.hpp"
#include "earlier_result.hpp"
#include "wsi_lpd/core/exception_text.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/output/failures.hpp"
#include "wsi_lpd/output/folder_summary.hpp"
#include "wsi_lpd/output/slide_files.hpp"

namespace wsi_lpd::pipeline::archive {
namespace fs = std::filesystem;
namespace {

using Kind = SlideOutcome::Kind;

std::vector<double> bytes_of(const JobList& jobs) {
  std::vector<double> bytes;
  bytes.reserve(jobs.size());
  for (const segment::SlideJob& job : jobs) bytes.push_back(jobs.size() > 1 ? slide_bytes(job.slide) : 1);
  return bytes;
}

/// The slides of one call. (A batch of tiles is a TileBatch.)
class SlideBatch {
 public:
  SlideBatch(const JobList& jobs, const fs::path& output, SlideRunner& runner, const segment::RunIdentity& identity,
             const BatchOptions& batch, const core::Work& work)
      : jobs_(jobs),
        output_(output),
        runner_(runner),
        identity_(identity),
        batch_(batch),
        work_(work),
        bytes_(bytes_of(jobs)),
        progress_(work.observer, bytes_, batch.journal),
        summary_(output) {}

  BatchReport run() {
    fs::create_directories(output_);
    for (const char* shared : {"summary.csv", "config.toml", "run.json"})
      core::remove_old_parts(output_ / shared, std::chrono::minutes(10));
    output::forget_failures_of_removed(output_);
    std::deque<std::size_t> turns = skip_what_is_done();
    for (bool is_first = true; !turns.empty(); is_first = false) {
      const std::size_t before = turns.size();
      do_slides(std::move(turns), is_first);
      // Others may have ended meanwhile, well or not.
      turns.clear();
      if (elsewhere_.size() == before) break;
      for (const auto& [i, holder] : elsewhere_) turns.push_back(i);
    }
    for (const auto& [i, holder] : elsewhere_) {
      report_.elsewhere[jobs_[i].slide.string()] = holder;
      record(i, "elsewhere", holder);
      tell({Kind::Elsewhere, jobs_[i].slide, {}, holder});
    }
    // A disk that was full when a slide failed may have room now that what was made of the slide is gone.
    for (const std::size_t i : unrecorded_) record_failure(i);
    summary_.settle();
    if (!summary_.same_slides().empty()) work_.observer.warn(summary_.same_slides());
    return std::move(report_);
  }

 private:
  /// The slides to be done, the largest first. Slides that are done already take no time.
  std::deque<std::size_t> skip_what_is_done() {
    std::deque<std::size_t> turns;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      core::check(work_.cancel);
      // A locked slide was perhaps left by a process that died when all was done.
      if (batch_.force || fs::exists(output::lock_path(jobs_[i].stem)) || !is_done(jobs_[i], identity_)) {
        turns.push_back(i);
      } else if (const std::string why = batch_.verify ? changed_bytes(jobs_[i], identity_) : ""; !why.empty()) {
        work_.observer.warn(jobs_[i].slide.string() + ": " + why);
        forced_.insert(i);
        turns.push_back(i);
      } else {
        skip(i);
      }
    }
    std::ranges::stable_sort(turns, std::greater(), [&](std::size_t i) { return bytes_[i]; });
    if (batch_.journal) batch_.journal->plan(jobs_.size(), report_.already_done);
    if (jobs_.size() > 1 && !batch_.force)
      work_.observer.info(core::count_of(jobs_.size(), "slide", "slides") + ", " + std::to_string(report_.already_done) +
                          " of them already done");
    return turns;
  }

  void do_slides(std::deque<std::size_t> turns, bool is_first) {
    const bool force = batch_.force && is_first;
    if (batch_.staging) plan_copies(turns, force);
    std::size_t running = 0;
    while (!turns.empty() || running > 0) {
      core::check(work_.cancel);
      for (; !turns.empty() && runner_.free() > 0; ++running) {
        const auto next = batch_.staging ? batch_.staging->next() : Staging::Next{turns.front()};
        if (!next) break;                                    // its copy isn't complete
        turns.erase(std::ranges::find(turns, next->slide));  // most often the first
        segment::SlideJob job = jobs_[next->slide];
        job.read_from = next->read_from;
        runner_.start(next->slide, job, force || forced_.contains(next->slide), progress_.start(next->slide, job.slide.string()));
      }
      const bool waits_for_copy = !turns.empty() && runner_.free() > 0;
      if (running == 0) batch_.staging->wait();
      if (running == 0) continue;
      const auto ended = waits_for_copy ? runner_.look() : runner_.wait();
      if (!ended) continue;
      const auto& [i, outcome] = *ended;
      --running;
      if (batch_.staging) batch_.staging->ended(i);
      if (is_first && outcome.kind == Kind::Elsewhere)
        work_.observer.info(outcome.slide.string() + ": left to " + outcome.reason + ", which has it in work");
      end(i, outcome);
    }
  }

  /// Slides that another process has in work or has done meanwhile are not worth a copy.
  void plan_copies(const std::deque<std::size_t>& turns, bool force) const {
    std::vector<Staging::Slide> slides;
    slides.reserve(turns.size());
    for (const std::size_t i : turns) slides.push_back({i, jobs_[i]});
    batch_.staging->plan(std::move(slides), [force, identity = identity_](const segment::SlideJob& job) {
      const auto lock = core::read_lock(output::lock_path(job.stem));
      return !(lock && !lock->gone) && (force || !is_done(job, identity));
    });
  }

  void skip(std::size_t i) {
    progress_.leave(i);
    ++report_.already_done;
    summary_.was_done(jobs_[i].slide.string());
    tell({Kind::AlreadyDone, jobs_[i].slide});
  }

  void record(std::size_t i, const std::string& outcome, const std::string& reason) const {
    if (batch_.journal) batch_.journal->ended(jobs_[i].slide.string(), outcome, reason);
  }

  void end(std::size_t i, const SlideOutcome& outcome) {
    progress_.leave(i);
    elsewhere_.erase(i);
    const std::string slide = outcome.slide.string();
    switch (outcome.kind) {
      case Kind::Elsewhere:
        elsewhere_[i] = outcome.reason;
        return;
      case Kind::AlreadyDone:
        skip(i);
        record(i, "already done", {});
        return;
      case Kind::Done:
        ++report_.done;
        keep_summary([&] { summary_.done(slide, jobs_[i].stem); });
        record(i, "done", {});
        break;
      case Kind::Failed:
        report_.failures[slide] = outcome.reason;
        work_.observer.error(outcome.reason);
        if (!record_failure(i)) unrecorded_.push_back(i);
        record(i, "failed", outcome.reason);
        break;
    }
    tell(outcome);
  }

  void tell(const SlideOutcome& outcome) const {
    if (batch_.on_outcome) batch_.on_outcome(outcome);
  }

  bool record_failure(std::size_t i) {
    const std::string slide = jobs_[i].slide.string();
    const std::string name = jobs_[i].stem.lexically_relative(output_.lexically_normal()).string();
    return keep_summary([&] { summary_.failed(slide, report_.failures.at(slide), {name, jobs_[i].mpp}); });
  }

  /// Where the summary can't be written, settle() says so in the end.
  template <class Action>
  bool keep_summary(const Action& action) {
    try {
      action();
      return true;
    } catch (const std::exception& error) {
      work_.observer.warn(core::exception_text(error));
      return false;
    }
  }

  const JobList& jobs_;
  const fs::path& output_;
  SlideRunner& runner_;
  const segment::RunIdentity& identity_;
  const BatchOptions& batch_;
  core::Work work_;
  std::vector<double> bytes_;
  BatchProgress progress_;
  output::FolderSummary summary_;
  std::set<std::size_t> forced_;                  // complete, but other bytes
  std::vector<std::size_t> unrecorded_;           // failures that couldn't be written down
  std::map<std::size_t, std::string> elsewhere_;  // slide to the process that works on it
  BatchReport report_;
};

}  // namespace

BatchReport run_batch(const JobList& jobs, const fs::path& output, SlideRunner& runner, const segment::RunIdentity& identity,
                      const BatchOptions& batch, const core::Work& work) {
  return SlideBatch(jobs, output, runner, identity, batch, work).run();
}

}  // namespace wsi_lpd::pipeline::archive
