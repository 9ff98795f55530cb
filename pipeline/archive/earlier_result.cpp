#include "earlier_result.hpp"

#include <vector>

#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/digest/sha256.hpp"
#include "wsi_lpd/output/statistics_file.hpp"

namespace wsi_lpd::pipeline::archive {
namespace fs = std::filesystem;
namespace {

bool is_same_slide(const fs::path& slide, const output::SlideStatistics& earlier) {
  return fs::exists(slide) && earlier.slide_fingerprint == core::FileIdentity(slide).fingerprint() &&
         (earlier.slide_sample.empty() || earlier.slide_sample == digest::sha256_of_sample(slide));
}

/// "other options (overlap was 0.5, is 0.25)".
std::string other_options(const output::SlideStatistics& earlier, const segment::RunIdentity& identity) {
  if (earlier.configuration.empty()) return "other options";  // of a version that did not tell them
  const std::vector<std::string> changes = core::first_lines(core::changes_between(earlier.configuration, identity.configuration));
  return changes.empty() ? "other options" : "other options (" + core::joined(changes, "; ") + ")";
}

}  // namespace

EarlierResult earlier_result(const segment::SlideJob& job, const segment::RunIdentity& identity, output::Compare compare) {
  const auto earlier = output::read_statistics(fs::path(job.stem) += ".json");
  if (!earlier) return {};
  std::vector<std::string> others;
  if (!is_same_slide(job.slide, *earlier))
    others.push_back(earlier->slide != job.slide.string() ? earlier->slide : "this slide's file as it was before");
  if (earlier->model_sha256 != identity.model_sha256) others.push_back("another model (" + earlier->model_path + ")");
  if (earlier->configuration_sha256 != identity.configuration_sha256) others.push_back(other_options(*earlier, identity));
  if (!others.empty()) return {false, "its results replace those of " + core::joined(others, " and ") + " in " + job.stem.string() + ".*"};
  if (const auto changed = output::changed_files(job.stem, *earlier, compare); !changed.empty())
    return {false, "is made again: of its complete results " + output::text_of(changed)};
  return {true, {}};
}

bool is_done(const segment::SlideJob& job, const segment::RunIdentity& identity) {
  if (!job.failure.empty()) return false;
  try {
    return earlier_result(job, identity).is_finished;
  } catch (const core::Error&) {
    return false;
  }
}

std::string changed_bytes(const segment::SlideJob& job, const segment::RunIdentity& identity) {
  try {
    return earlier_result(job, identity, output::Compare::Bytes).why_again;
  } catch (const core::Error& error) {
    return error.what();
  }
}

}  // namespace wsi_lpd::pipeline::archive
