#include "wsi_lpd/output/result_folder.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "known_files.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::output {
namespace {

namespace fs = std::filesystem;

bool is_share(const std::optional<double>& value) { return !value || (*value >= 0 && *value <= 1); }
bool is_amount(double value) { return std::isfinite(value) && value >= 0; }

bool is_possible(const Frame& frame) {
  constexpr std::int64_t kMostPixels = INT32_MAX;     // as make_frame() has it
  constexpr double kMostScale = 1e6, kMostMpp = 1e6;  // far beyond any slide's
  const auto is_side = [](std::int64_t side) { return side > 0 && side <= kMostPixels; };
  const auto is_origin = [](std::int64_t at) { return at >= -kMostPixels && at <= kMostPixels; };
  const Rect& bounds = frame.bounds;
  return is_side(frame.size.width) && is_side(frame.size.height) && is_side(bounds.width) && is_side(bounds.height) &&
         is_origin(bounds.x) && is_origin(bounds.y) && frame.scale > 0 && frame.scale <= kMostScale && frame.mpp >= 0 &&
         frame.mpp <= kMostMpp && frame.slide_mpp >= 0 && frame.slide_mpp <= kMostMpp;
}

/// A hand may have edited the file: throws Error for figures that cannot be.
void check(const SlideStatistics& s) {
  validate(s.classes);
  if (!is_possible(s.frame)) throw Error("its frame is impossible");
  const auto is_count = [most = s.frame.size.area()](std::int64_t count) { return count >= 0 && count <= most; };
  bool possible = true;
  for (const std::int64_t count : {s.tissue_pixels, s.glass_pixels, s.unlabelled_pixels, s.unreadable_pixels, s.tiles_read, s.tiles_skipped,
                                   s.tiles_unreadable, s.tiles_planned, s.squares, static_cast<std::int64_t>(s.square_side)}) {
    possible = possible && is_count(count);
  }
  for (const ClassStatistics& figures : s.per_class) {
    possible = possible && is_count(figures.pixels) && is_count(figures.regions) && is_count(figures.largest_region) &&
               figures.largest_region <= figures.pixels;
    if (const auto& interval = figures.share_interval) possible = possible && is_share(interval->at(0)) && is_share(interval->at(1));
  }
  if (!possible) throw Error("it has counts that are negative or more than its pixels, or a largest region larger than its class");
  possible = s.peak_memory_bytes >= 0 && is_share(s.focus_median) && is_share(s.out_of_focus) && is_share(s.precision_agreement) &&
             is_amount(s.mean_entropy.value_or(0));
  for (const auto& [suffix, bytes] : s.files) possible = possible && bytes >= 0;
  for (const Interface& border : s.interfaces) possible = possible && is_amount(border.length);
  for (const auto& [stage, seconds] : s.seconds) possible = possible && is_amount(seconds);
  if (!possible) throw Error("it has shares that are not between 0 and 1, or lengths, times or sizes that cannot be");
}

std::map<std::string, std::string> read_failures(const fs::path& summary, std::vector<DamagedFile>& damaged) {
  std::map<std::string, std::string> failures;
  if (!fs::exists(summary)) return failures;
  try {
    const CsvTable table = CsvTable::read(summary);
    const auto column = [&](const char* name) { return table.required_column(name, ": failures are unknown"); };
    const std::size_t slide = column("slide"), status = column("status"), reason = column("reason");
    for (const CsvTable::Row& row : table.rows) {
      if (row.fields[status] == "failed") failures[row.fields[slide]] = row.fields[reason];
    }
  } catch (const Error& error) {
    damaged.push_back({summary, error.what()});
  }
  return failures;
}

bool is_marked(const fs::path& file) {
  try {
    return read_text_file(file).find("wsi-lpd slide statistics") != std::string::npos;
  } catch (const Error&) {
    return false;
  }
}

/// Gathers what a walk through the folder meets.
class Collector {
 public:
  Collector(ResultFolder& results, KnownStatistics& known) : results_(results), known_(known) {}

  void look_through(const fs::path& folder) {
    std::error_code gone;  // runs rename and remove files and folders meanwhile
    std::vector<fs::directory_entry> entries;
    for (auto entry = fs::directory_iterator(folder, gone); !gone && entry != fs::end(entry); entry.increment(gone))
      entries.push_back(*entry);
    for (const fs::directory_entry& entry : entries) {
      if (const fs::path stem = unfinished_stem(entry.path()); !stem.empty()) {
        add_unfinished(stem, entry.path());
      } else if (entry.is_regular_file(gone)) {
        add(entry.path());
      } else if (entry.is_directory(gone) && !entry.is_symlink(gone) && !fs::exists(entry.path() / kReportMark, gone) &&
                 entry.path().extension() != ".part" && entry.path().filename() != kFailureFolder) {
        look_through(entry.path());
      }
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
    std::optional<HeldLock> lock;
    try {
      lock = read_lock(file);
    } catch (const Error&) {  // another user's, perhaps
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
    const auto& [statistics, problem, is_marked] = known_.get(file, read_statistics_file);
    if (statistics) results_.complete.push_back({stem, *statistics});
    if (problem.empty() || !fs::exists(file)) return;  // a run may just have replaced it
    // JSON of another program lies in many folders; beside a slide's results, or with our mark, it is ours and damaged.
    if (written_by_us(stem) || is_marked) results_.damaged.push_back({file, in_context(file.string(), problem)});
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
  KnownStatistics& known_;
  std::map<fs::path, UnfinishedResult> unfinished_;
};

}  // namespace

StatisticsFile read_statistics_file(const fs::path& file) {
  try {
    StatisticsFile result{read_statistics(file), {}, false};
    if (result.statistics) check(*result.statistics);
    return result;
  } catch (const Error& error) {
    return {std::nullopt, error.what(), is_marked(file)};
  }
}

std::vector<CompleteResult> complete_results(const fs::path& folder, KnownStatistics& known) {
  ResultFolder results;
  Collector(results, known).look_through(folder);
  return std::move(results.complete);
}

ResultFolder read_results(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw UsageError(folder.string() + ": no such folder of results");
  ResultFolder results;
  results.path = folder;
  KnownStatistics none;
  Collector collector(results, none);
  collector.look_through(folder);
  collector.finish();
  results.failed = read_failures(folder / "summary.csv", results.damaged);
  return results;
}

}  // namespace wsi_lpd::output
