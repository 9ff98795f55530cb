#include "wsi_lpd/pipeline/batch.hpp"

#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::pipeline {
namespace fs = std::filesystem;
namespace {

/// Is there a complete result of this very slide, model and configuration? Warns where the name is another slide's, or files are gone.
bool is_finished(const SlideJob& job, const RunIdentity& identity, ProgressObserver& observer) {
  const auto earlier = output::read_statistics(fs::path(job.stem) += ".json");
  if (!earlier) return false;
  const bool same_file = earlier->slide_fingerprint == fingerprint(job.slide);
  if (!same_file && earlier->slide != job.slide.string())
    observer.warn(job.slide.string() + ": its results replace those of " + earlier->slide + " in " + job.stem.string() + ".*");
  if (!same_file || earlier->model_sha256 != identity.model_sha256 || earlier->configuration_sha256 != identity.configuration_sha256)
    return false;
  for (const std::string& name : output::missing_files(job.stem))
    observer.warn(job.slide.string() + ": is done, but " + name + " is no longer there (--force makes it again)");
  return true;
}

void rewrite_summary(const fs::path& output, const std::map<std::string, std::string>& failures) {
  std::vector<output::SlideStatistics> all;
  for (output::CompleteResult& result : output::read_results(output).complete) {
    if (!failures.contains(result.statistics.slide)) all.push_back(std::move(result.statistics));
  }
  output::write_summary(output / "summary.csv", all, failures);
}

}  // namespace

BatchReport run_batch(const std::vector<SlideJob>& jobs, const fs::path& output, Segmenter& segmenter, const SegmentOptions& options,
                      const RunIdentity& identity, bool force, ProgressObserver& observer, const CancelFlag& cancel) {
  BatchReport report;
  fs::create_directories(output);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const SlideJob& job = jobs[i];
    check(cancel);
    try {
      if (!force && fs::exists(job.slide) && is_finished(job, identity, observer)) {
        report.skipped.push_back(job.slide);
        continue;
      }
    } catch (const Error& error) {  // unreadable statistics are no proof of anything: do the slide again
      observer.warn(error.what());
    }
    if (jobs.size() > 1) observer.info("slide " + std::to_string(i + 1) + " of " + std::to_string(jobs.size()) + ": " + job.slide.string());
    try {
      report.finished.push_back(segment_slide(job, segmenter, options, identity, observer, cancel));
    } catch (const Cancelled&) {
      throw;
    } catch (const UsageError&) {  // wrong for every slide
      throw;
    } catch (const std::exception& error) {
      report.failures[job.slide.string()] = in_context(job.slide.string(), error.what());
      observer.end();
      observer.error(report.failures[job.slide.string()]);
    }
    rewrite_summary(output, report.failures);
  }
  return report;
}

}  // namespace wsi_lpd::pipeline
