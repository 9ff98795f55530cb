#include "slide_lines.hpp"

#include <cmath>
#include <iomanip>
#include <iostream>
#include <utility>

#include "found_text.hpp"
#include "measure.hpp"
#include "output_check.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/slide/resolution.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

void overrule(pipeline::archive::JobList& jobs, double mpp, core::ProgressObserver& observer) {
  std::size_t others = 0;
  pipeline::archive::JobList overruled;
  for (pipeline::segment::SlideJob job : jobs) {
    others += !job.failure.empty() || (job.mpp && *job.mpp != mpp) ? 1 : 0;
    job.mpp = mpp;
    job.failure.clear();  // of a manifest's mpp
    overruled.push_back(job);
  }
  jobs = std::move(overruled);
  if (others > 0) observer.warn("--mpp overrules the manifest's mpp of " + core::count_of(others, "slide", "slides"));
}

}  // namespace

void prepare_jobs(pipeline::archive::FoundSlides& found, const SegmentArguments& arguments, const Context& context) {
  check_annotations(arguments.annotations);
  tell_what_was_found(found, context);
  std::vector<fs::path> stems;
  stems.reserve(found.jobs.size());
  for (const pipeline::segment::SlideJob& job : found.jobs) stems.push_back(job.stem);
  refuse_inputs_as_results(context.options, stems);
  if (arguments.mpp) overrule(found.jobs, *arguments.mpp, context.observer);
}

void SlideLines::print(const pipeline::archive::SlideOutcome& outcome) {
  using Kind = pipeline::archive::SlideOutcome::Kind;
  if (quiet_ && outcome.kind == Kind::AlreadyDone) return;
  std::cout << core::one_line(outcome.slide.string()) << ": ";
  if (outcome.kind == Kind::AlreadyDone) std::cout << "already done with this model and configuration (--force does it again)";
  if (outcome.kind == Kind::Failed) std::cout << "failed (the reason is in " << (output_ / "summary.csv").string() << ")";
  if (outcome.kind == Kind::Elsewhere) std::cout << "in work elsewhere, by " << core::one_line(outcome.reason);
  if (outcome.statistics) {
    const output::SlideStatistics& slide = *outcome.statistics;
    std::cout << slide.tiles_read << " tiles in " << std::fixed << std::setprecision(1) << slide.seconds.at("total") << " s";
    const char* before = "; of the tissue: ";
    for (const output::TissueShare& part : output::tissue_shares(slide))
      std::cout << std::exchange(before, ", ") << part.name << " " << 100 * part.share << " %";
    constexpr double kRounding = 1e-3;
    const double difference = slide.own_mpp ? std::abs(slide.frame.slide_mpp / *slide.own_mpp - 1) : 0;
    ++slides_;
    overruled_ += difference > kRounding ? 1 : 0;
    other_ += difference > slide::kOtherMpp ? 1 : 0;
  }
  std::cout << std::endl;
}

int SlideLines::print(const pipeline::archive::BatchReport& report, core::ProgressObserver& observer) const {
  if (overruled_ > 0) {
    const std::string line = "the given um/px overruled what " + std::to_string(overruled_) + " of " + std::to_string(slides_) +
                             " slides say themselves, by more than 10 % in " + std::to_string(other_);
    other_ > 0 ? observer.warn(line + " (level0_mpp_overruled in slide.json tells which)") : observer.info(line);
  }
  std::cout << report.done << " done, " << report.already_done << " already done, " << report.failures.size() << " failed";
  if (!report.elsewhere.empty()) std::cout << ", " << report.elsewhere.size() << " in work elsewhere";
  std::cout << "; results in " << output_.string() << "\n";
  if (!report.failures.empty()) return kSomeSlidesFailed;
  return report.elsewhere.empty() ? kDone : kInWorkElsewhere;
}

}  // namespace wsi_lpd::cli
