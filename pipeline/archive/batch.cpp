#include "wsi_lpd/pipeline/archive/batch.hpp"

#include <algorithm>

#include "batch_progress.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/output/failures.hpp"
#include "wsi_lpd/output/folder_summary.hpp"
#include "wsi_lpd/output/slide_files.hpp"
#include "wsi_lpd/output/statistics_file.hpp"

namespace wsi_lpd::pipeline::archive {
namespace fs = std::filesystem;
namespace {

/// What is in the place of a slide's results.
struct Earlier {
  bool is_finished = false;  ///< complete results of this very slide, model and configuration
  std::string why_again{};   ///< why such results are made again, or what results that are none are of; empty: there are none
};

Earlier earlier_result(const segment::SlideJob& job, const segment::RunIdentity& identity) {
  const auto earlier = output::read_statistics(fs::path(job.stem) += ".json");
  if (!earlier) return {};
  std::vector<std::string> others;
  const bool same_file = fs::exists(job.slide) && earlier->slide_fingerprint == core::FileIdentity(job.slide).fingerprint();
  if (!same_file) others.push_back(earlier->slide != job.slide.string() ? earlier->slide : "this slide's file as it was before");
  if (earlier->model_sha256 != identity.model_sha256) others.push_back("another model (" + earlier->model_path + ")");
  if (earlier->configuration_sha256 != identity.configuration_sha256) others.push_back("other options");
  if (!others.empty()) return {false, "its results replace those of " + core::joined(others, " and ") + " in " + job.stem.string() + ".*"};
  if (const auto changed = output::changed_files(job.stem, *earlier); !changed.empty())
    return {false, "is made again: of its complete results " + output::text_of(changed)};
  return {true, {}};
}

/// The slides of one call, one after the other. (A batch of tiles is a TileBatch.)
class SlideBatch {
 public:
  SlideBatch(const std::vector<segment::SlideJob>& jobs, const fs::path& output, segment::Segmenter& segmenter,
             const segment::SegmentOptions& options, const segment::RunIdentity& identity, const BatchOptions& batch,
             const core::Work& work)
      : jobs_(jobs),
        output_(output),
        segmenter_(segmenter),
        options_(options),
        identity_(identity),
        batch_(batch),
        work_(work),
        progress_(work.observer, bytes_of(jobs)),
        summary_(output) {}

  BatchReport run() {
    segment::check_run(options_, segmenter_.shape(), identity_);
    fs::create_directories(output_);
    for (const char* shared : {"summary.csv", "config.toml"}) core::remove_old_parts(output_ / shared, std::chrono::minutes(10));
    output::forget_failures_of_removed(output_);
    std::vector<std::size_t> turn(jobs_.size());
    for (std::size_t i = 0; i < turn.size(); ++i) turn[i] = i;
    tell_plan();
    std::map<std::size_t, std::string> elsewhere;
    for (bool is_first = true; !turn.empty(); is_first = false) {
      for (const std::size_t i : turn) {
        core::check(work_.cancel);
        if (const std::string holder = do_slide(i, batch_.force && is_first); !holder.empty()) {
          if (is_first) work_.observer.info(jobs_[i].slide.string() + ": left to " + holder + ", which has it in work");
          elsewhere[i] = holder;
        } else {
          elsewhere.erase(i);
        }
      }
      // Others may have ended meanwhile, well or not.
      std::vector<std::size_t> left;
      left.reserve(elsewhere.size());
      for (const auto& [i, holder] : elsewhere) left.push_back(i);
      if (left.size() == turn.size()) break;
      turn = std::move(left);
    }
    for (const auto& [i, holder] : elsewhere) {
      report_.elsewhere[jobs_[i].slide.string()] = holder;
      tell({SlideOutcome::Kind::Elsewhere, jobs_[i].slide, {}, holder});
    }
    summary_.settle();
    return std::move(report_);
  }

 private:
  static std::vector<double> bytes_of(const std::vector<segment::SlideJob>& jobs) {
    std::vector<double> bytes;
    bytes.reserve(jobs.size());
    for (const segment::SlideJob& job : jobs) bytes.push_back(jobs.size() > 1 ? slide_bytes(job.slide) : 1);
    return bytes;
  }

  bool is_done(const segment::SlideJob& job) const {
    if (!job.failure.empty()) return false;
    try {
      return earlier_result(job, identity_).is_finished;
    } catch (const core::Error&) {
      return false;
    }
  }

  /// Slides that are done already take no time.
  void tell_plan() {
    if (jobs_.size() < 2 || batch_.force) return;
    std::size_t done = 0;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      core::check(work_.cancel);
      if (!is_done(jobs_[i])) continue;
      progress_.leave(i);
      ++done;
    }
    work_.observer.info(std::to_string(jobs_.size()) + " slides, " + std::to_string(done) + " of them already done");
  }

  void tell(const SlideOutcome& outcome) const {
    if (batch_.on_outcome) batch_.on_outcome(outcome);
  }

  /// Who has the slide in work; empty where it was this process's turn.
  std::string do_slide(std::size_t i, bool force) {
    const segment::SlideJob& job = jobs_[i];
    std::string holder;
    try {
      holder = try_slide(i, force);
    } catch (const core::Cancelled&) {
      throw;
    } catch (const std::exception& error) {
      work_.observer.end();
      fail(job.slide.string(), error.what());
    }
    progress_.leave(i);
    return holder;
  }

  bool skip(const segment::SlideJob& job) {
    summary_.done(job.slide.string(), job.stem);
    report_.skipped.push_back(job.slide);
    tell({SlideOutcome::Kind::AlreadyDone, job.slide});
    return true;
  }

  std::string try_slide(std::size_t i, bool force) {
    const segment::SlideJob& job = jobs_[i];
    const std::string slide = job.slide.string();
    const fs::path lock_file = output::lock_path(job.stem);
    const bool is_locked = fs::exists(lock_file);  // perhaps by a process that died when all was done
    if (!force && !is_locked && is_done(job) && skip(job)) return {};
    if (job.stem.has_parent_path()) fs::create_directories(job.stem.parent_path());
    core::WorkLock::Attempt attempt = core::WorkLock::try_to_take(lock_file, batch_.lock);
    if (!attempt.lock) return !force && is_done(job) && skip(job) ? std::string() : attempt.holder->text();
    if (attempt.taken_from)
      work_.observer.warn(slide + ": taken over from " + attempt.taken_from->text() +
                          ", which is gone or gave no sign of life for long; what it left is removed");
    output::remove_unfinished(job.stem);
    if (!force && is_done(job) && skip(job)) return {};  // another process did it a moment ago

    const std::string at = jobs_.size() > 1 ? "slide " + std::to_string(i + 1) + " of " + std::to_string(jobs_.size()) : "";
    progress_.start(i, at, attempt.lock.get());
    if (!at.empty()) work_.observer.info(at + ": " + slide);
    if (fs::exists(job.slide)) say_what_is_replaced(job);
    try {
      report_.finished.push_back(
          segment::segment_slide(job, segmenter_, options_, identity_, {progress_, work_.cancel}, attempt.lock.get()));
    } catch (const std::exception& error) {
      if (attempt.lock->is_held()) throw;
      work_.observer.end();
      work_.observer.warn(core::in_context(slide, error.what()) + "; what this process made of it is thrown away");
      const auto now = core::read_lock(lock_file);
      return now ? now->owner.text() : "another process";
    }
    summary_.done(slide, job.stem);
    rewrite_summary();
    tell({SlideOutcome::Kind::Done, job.slide, report_.finished.back()});
    return {};
  }

  void say_what_is_replaced(const segment::SlideJob& job) {
    try {
      if (const std::string what = earlier_result(job, identity_).why_again; !what.empty())
        work_.observer.warn(job.slide.string() + ": " + what);
    } catch (const core::Error& error) {  // unreadable statistics are no proof of anything: do the slide again
      work_.observer.warn(error.what());
    }
  }

  void fail(const std::string& slide, const std::string& why) {
    const std::string reason = core::in_context(slide, why);
    report_.failures[slide] = reason;
    work_.observer.error(reason);
    try {
      summary_.failed(slide, reason);
    } catch (const core::Error& error) {
      work_.observer.warn(error.what());
    }
    rewrite_summary();
    tell({SlideOutcome::Kind::Failed, slide, {}, reason});
  }

  /// Where that fails, settle() says so in the end.
  void rewrite_summary() {
    try {
      summary_.write();
    } catch (const core::Error&) {
    }
  }

  const std::vector<segment::SlideJob>& jobs_;
  const fs::path& output_;
  segment::Segmenter& segmenter_;
  const segment::SegmentOptions& options_;
  const segment::RunIdentity& identity_;
  const BatchOptions& batch_;
  core::Work work_;
  BatchProgress progress_;
  output::FolderSummary summary_;
  BatchReport report_;
};

}  // namespace

BatchReport run_batch(const std::vector<segment::SlideJob>& jobs, const fs::path& output, segment::Segmenter& segmenter,
                      const segment::SegmentOptions& options, const segment::RunIdentity& identity, const BatchOptions& batch,
                      const core::Work& work) {
  return SlideBatch(jobs, output, segmenter, options, identity, batch, work).run();
}

}  // namespace wsi_lpd::pipeline::archive
