#include "wsi_lpd/output/result_folder.hpp"

#include <algorithm>
#include <cstring>

#include "result_walk.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/output/failures.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/output/summary.hpp"

namespace wsi_lpd::output {
namespace {

namespace fs = std::filesystem;

bool is_marked(const fs::path& file) {
  try {
    return core::read_text_file(file).find("wsi-lpd slide statistics") != std::string::npos;
  } catch (const core::Error&) {
    return false;
  }
}

/// Gathers what a walk through the folder meets.
class Collector {
 public:
  Collector(ResultFolder& results, Depth depth) : results_(results), depth_(depth) {}

  void take(const fs::directory_entry& entry) {
    if (const fs::path stem = unfinished_stem(entry.path()); !stem.empty()) {
      add_unfinished(stem, entry.path());
    } else {
      add(entry.path());
    }
  }

  void finish() {
    for (auto& [stem, unfinished] : unfinished_) {
      if (is_in_work(unfinished)) continue;
      std::sort(unfinished.files.begin(), unfinished.files.end());
      results_.unfinished.push_back(std::move(unfinished));
    }
    std::sort(results_.complete.begin(), results_.complete.end(), [](const CompleteResult& a, const CompleteResult& b) {
      return std::tie(a.statistics.slide, a.stem) < std::tie(b.statistics.slide, b.stem);
    });
    std::sort(results_.in_work.begin(), results_.in_work.end(), [](const SlideInWork& a, const SlideInWork& b) { return a.stem < b.stem; });
    std::sort(results_.damaged.begin(), results_.damaged.end(), [](const DamagedFile& a, const DamagedFile& b) { return a.file < b.file; });
  }

 private:
  void add(const fs::path& file) {
    if (file.extension() == ".json") return add_statistics(file);
    const fs::path stem = fs::path(file).replace_extension();
    if (file.extension() == ".lock") return add_lock(stem, file);
    for (const char* suffix : {kOmeLabels, kLabels, ".h5"}) {  // the longer first
      const std::string text = file.string();
      if (!text.ends_with(suffix)) continue;
      const fs::path result = text.substr(0, text.size() - std::strlen(suffix));
      if (!fs::exists(fs::path(result) += ".json") && written_by_us(result)) add_unfinished(result, file);
      return;
    }
  }

  void add_lock(const fs::path& stem, const fs::path& file) {
    std::optional<core::HeldLock> lock;
    try {
      lock = core::read_lock(file);
    } catch (const core::Error&) {  // another user's, perhaps
    }
    if (!lock) return;
    if (!lock->gone) {
      results_.in_work.push_back({stem, lock->owner, lock->since_sign});
    } else if (!fs::exists(fs::path(stem) += ".json")) {
      add_unfinished(stem, file);
    }
  }

  bool is_in_work(const UnfinishedResult& unfinished) const {
    return std::any_of(results_.in_work.begin(), results_.in_work.end(), [&](const SlideInWork& slide) {
      return slide.stem == unfinished.stem || std::any_of(unfinished.files.begin(), unfinished.files.end(), [&](const std::string& name) {
               return is_unfinished_of(unfinished.stem.parent_path() / name, slide.stem);
             });
    });
  }

  /// Both rasters and HDF5: no other program leaves this pair.
  static bool written_by_us(const fs::path& stem) { return fs::exists(label_pyramid(stem)) && fs::exists(fs::path(stem) += ".h5"); }

  void add_statistics(const fs::path& file) {
    const fs::path stem = fs::path(file).replace_extension();
    if (depth_ == Depth::Names) {
      if (written_by_us(stem)) results_.complete.push_back({stem, {}});
      return;
    }
    const auto [statistics, problem, is_marked] = read_statistics_file(file);
    if (statistics) results_.complete.push_back({stem, *statistics});
    if (problem.empty() || !fs::exists(file)) return;  // a run may just have replaced it
    // JSON of another program lies in many folders; beside a slide's results, or with our mark, it is ours and damaged.
    if (written_by_us(stem) || is_marked) results_.damaged.push_back({file, core::in_context(file.string(), problem)});
  }

  void add_unfinished(const fs::path& stem, const fs::path& path) {
    std::error_code gone;  // a run may rename it at this moment
    auto written = fs::last_write_time(path, gone);
    if (gone) return;
    for (auto entry = fs::directory_iterator(path, gone); !gone && entry != fs::end(entry); entry.increment(gone))
      written = std::max(written, fs::last_write_time(entry->path(), gone));
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(fs::file_time_type::clock::now() - written);
    const auto [place, is_new] = unfinished_.try_emplace(stem, UnfinishedResult{stem, {}, age});
    place->second.files.push_back(path.filename().string());
    place->second.since_change = std::max(std::chrono::seconds(0), std::min(place->second.since_change, age));
  }

  ResultFolder& results_;
  Depth depth_;
  std::map<fs::path, UnfinishedResult> unfinished_;
};

}  // namespace

bool is_of_batches(const fs::path& stem) { return stem == "run" || (stem.has_parent_path() && *stem.begin() == kJournalFolder); }

StatisticsFile read_statistics_file(const fs::path& file) {
  try {
    StatisticsFile result{read_statistics(file), {}, false};
    if (result.statistics) validate(*result.statistics);
    return result;
  } catch (const core::Error& error) {
    return {std::nullopt, error.what(), is_marked(file)};
  }
}

void walk_results(const fs::path& folder, const std::function<void(const fs::directory_entry&)>& visit) {
  std::error_code gone;
  std::vector<fs::directory_entry> entries;
  for (auto entry = fs::directory_iterator(folder, gone); !gone && entry != fs::end(entry); entry.increment(gone))
    entries.push_back(*entry);
  for (const fs::directory_entry& entry : entries) {
    const fs::path name = entry.path().filename();
    if (!unfinished_stem(entry.path()).empty() || entry.is_regular_file(gone)) {
      visit(entry);
    } else if (entry.is_directory(gone) && !entry.is_symlink(gone) && !fs::exists(entry.path() / kReportMark, gone) &&
               name.extension() != ".part" && name != kFailureFolder && name != kJournalFolder) {
      walk_results(entry.path(), visit);
    }
  }
}

ResultFolder read_results(const fs::path& folder, Depth depth) {
  if (!fs::is_directory(folder)) throw core::UsageError(folder.string() + ": no such folder of results");
  ResultFolder results;
  results.path = folder;
  Collector collector(results, depth);
  walk_results(folder, [&](const fs::directory_entry& entry) { collector.take(entry); });
  collector.finish();
  if (depth == Depth::Names) {
    results.failed = recorded_failures(folder);
    return results;
  }
  const fs::path summary = folder / "summary.csv";
  try {
    results.failed = read_failures(summary);
  } catch (const core::Error& error) {
    results.damaged.push_back({summary, error.what()});
  }
  return results;
}

}  // namespace wsi_lpd::output
