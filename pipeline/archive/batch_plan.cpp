#include "wsi_lpd/pipeline/archive/batch_plan.hpp"

#include <algorithm>
#include <cstdlib>

#include "batch_progress.hpp"
#include "earlier_result.hpp"
#include "wsi_lpd/output/result_folder.hpp"
#include "wsi_lpd/output/slide_files.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/slide/open.hpp"

namespace wsi_lpd::pipeline::archive {
namespace fs = std::filesystem;
namespace {

using Kind = PlannedSlide::Kind;

/// Bytes of a slide when it was segmented: the first word of its fingerprint.
double bytes_of(const output::SlideStatistics& statistics) {
  const std::string& fingerprint = statistics.slide_fingerprint;
  return fingerprint.empty() ? 0 : std::strtod(fingerprint.c_str(), nullptr);
}

PlannedSlide plan_slide(const segment::SlideJob& job, const segment::RunIdentity& identity, bool force, bool verify) {
  PlannedSlide slide{Kind::ToDo, job, slide_bytes(job.slide)};
  const auto lock = core::read_lock(output::lock_path(job.stem));
  if (lock && !lock->gone) {
    slide.kind = Kind::Elsewhere;
    slide.reason = lock->owner.text();
  } else if (!force && is_done(job, identity) && !(verify && !changed_bytes(job, identity).empty())) {
    slide.kind = Kind::AlreadyDone;
  } else {
    try {
      if (!job.failure.empty()) throw core::Error(job.failure);
      slide::open(job.slide, {job.mpp});
    } catch (const std::exception& error) {
      slide.kind = Kind::CannotBeOpened;
      slide.reason = core::in_context(job.slide.string(), error.what());
    }
  }
  return slide;
}

/// Seconds for a byte, of complete slides in the folder: the median of up to kMost.
void estimate_time(BatchPlan& plan, const fs::path& output) {
  constexpr std::size_t kMost = 200;
  if (!fs::is_directory(output)) return;
  std::vector<double> rates;
  for (const output::CompleteResult& result : output::read_results(output, output::Depth::Names).complete) {
    if (rates.size() == kMost) break;
    const auto statistics = output::read_statistics(fs::path(result.stem) += ".json");
    if (!statistics || bytes_of(*statistics) <= 0 || !statistics->seconds.contains("total")) continue;
    rates.push_back(statistics->seconds.at("total") / bytes_of(*statistics));
  }
  plan.measured = rates.size();
  if (rates.empty()) return;
  double bytes = 0;
  for (const PlannedSlide& slide : plan.slides) bytes += slide.kind == Kind::ToDo ? slide.bytes : 0;
  std::ranges::nth_element(rates, rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2));
  plan.seconds = bytes * rates[rates.size() / 2];
}

}  // namespace

BatchPlan plan_batch(const JobList& jobs, const fs::path& output, const segment::RunIdentity& identity, bool force, bool verify,
                     const core::Work& work) {
  BatchPlan plan;
  plan.slides.reserve(jobs.size());
  work.observer.begin("opening slides", static_cast<std::int64_t>(jobs.size()), "slides");
  for (const segment::SlideJob& job : jobs) {
    core::check(work.cancel);
    plan.slides.push_back(plan_slide(job, identity, force, verify));
    work.observer.advance(static_cast<std::int64_t>(plan.slides.size()));
  }
  work.observer.end();
  std::ranges::stable_sort(plan.slides, std::greater(), &PlannedSlide::bytes);
  estimate_time(plan, output);
  return plan;
}

}  // namespace wsi_lpd::pipeline::archive
