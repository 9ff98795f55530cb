#include "wsi_lpd/output/folder_summary.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "known_files.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/output/failures.hpp"
#include "wsi_lpd/output/summary.hpp"

namespace wsi_lpd::output {
namespace fs = std::filesystem;

struct FolderSummary::Impl {
  explicit Impl(fs::path path) : folder(std::move(path)), file(folder / "summary.csv") {}

  void look() {
    complete.clear();
    for (CompleteResult& result : complete_results(folder, statistics_files))
      complete[result.stem.lexically_normal()] = std::move(result.statistics);
    failures = recorded_failures(folder, failure_files);
  }

  /// By slide, then by stem, as read_results() has them.
  std::string text() const {
    std::vector<std::pair<const fs::path*, const SlideStatistics*>> rows;
    rows.reserve(complete.size());
    for (const auto& [stem, statistics] : complete) {
      if (!failures.contains(statistics.slide)) rows.emplace_back(&stem, &statistics);
    }
    std::ranges::sort(
        rows, [](const auto& a, const auto& b) { return std::tie(a.second->slide, *a.first) < std::tie(b.second->slide, *b.first); });
    std::vector<SlideStatistics> all;
    all.reserve(rows.size());
    for (const auto& [stem, statistics] : rows) all.push_back(*statistics);
    return summary_text(all, failures);
  }

  void write(const std::string& content) {
    core::write_text_file(file, content);
    written = state_of(file);
  }

  fs::path folder, file;
  KnownStatistics statistics_files;
  KnownFailures failure_files;
  std::map<fs::path, SlideStatistics> complete;  // by stem
  std::map<std::string, std::string> failures;
  std::string written;  // state of the summary that this process wrote last
};

FolderSummary::FolderSummary(fs::path folder) : impl_(std::make_unique<Impl>(std::move(folder))) {}
FolderSummary::~FolderSummary() = default;

void FolderSummary::done(const std::string& slide, const fs::path& stem) {
  forget_failure(impl_->folder, slide);
  impl_->failures.erase(slide);
  const StatisticsFile& file = impl_->statistics_files.get(fs::path(stem) += ".json", read_statistics_file);
  if (file.statistics) impl_->complete[stem.lexically_normal()] = *file.statistics;
}

void FolderSummary::failed(const std::string& slide, const std::string& reason) {
  impl_->failures[slide] = reason;
  record_failure(impl_->folder, slide, reason);
}

void FolderSummary::write() {
  if (impl_->written.empty() || impl_->written != state_of(impl_->file)) impl_->look();
  impl_->write(impl_->text());
}

void FolderSummary::settle() {
  constexpr int kMost = 10;
  for (int i = 0; i < kMost; ++i) {
    impl_->look();
    const std::string text = impl_->text();
    if (fs::exists(impl_->file) && core::read_text_file(impl_->file) == text) return;
    impl_->write(text);
  }
}

std::size_t FolderSummary::files_read() const { return impl_->statistics_files.reads() + impl_->failure_files.reads(); }

}  // namespace wsi_lpd::output
