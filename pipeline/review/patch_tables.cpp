#include "patch_tables.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <set>

#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/core/work_lock.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;
using Record = std::vector<std::string>;

const Record kOriginColumns{"file",   "slide", "slide_fingerprint", "level0_x", "level0_y", "level0_side", "size", "mpp",
                            "tissue", "class", "class_share"};

const Record kUncertainColumns{"file", "slide", "entropy", "distance", "chosen_by"};

std::string file_end(std::int64_t x, std::int64_t y, std::int64_t side) {
  return "_x" + std::to_string(x) + "_y" + std::to_string(y) + "_w" + std::to_string(side) + ".png";
}

template <class Number>
Number number(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) throw core::Error("'" + text + "' is not a number");
  return value;
}

std::vector<output::UncertainPatch> read_uncertain(const fs::path& file) {
  const core::CsvTable table = core::CsvTable::read(file);
  if (table.columns != kUncertainColumns) throw core::Error(table.file + ": is not a table of this version of tile; move it away");
  std::vector<output::UncertainPatch> patches;
  for (const core::CsvTable::Row& row : table.rows) {
    core::with_context(table.where(row), [&] {
      patches.push_back({row.fields[0], row.fields[1], number<double>(row.fields[2]), {}, row.fields[4]});
      if (!row.fields[3].empty()) patches.back().distance = number<double>(row.fields[3]);
    });
  }
  return patches;
}

std::vector<CutPatch> read_origins(const fs::path& file) {
  const core::CsvTable table = core::CsvTable::read(file);
  if (table.columns != kOriginColumns || table.separator != ',')
    throw core::Error(table.file + ": is not a table of this version of tile; choose another --output folder");
  std::vector<CutPatch> patches;
  for (const core::CsvTable::Row& row : table.rows) {
    const Record& record = row.fields;
    core::with_context(table.where(row), [&] {
      patches.push_back({.file = record[0],
                         .slide = record[1],
                         .slide_fingerprint = record[2],
                         .x = number<std::int64_t>(record[3]),
                         .y = number<std::int64_t>(record[4]),
                         .side = number<std::int64_t>(record[5]),
                         .size = number<int>(record[6]),
                         .mpp = record[7].empty() ? 0 : number<double>(record[7])});
    });
  }
  return patches;
}

}  // namespace

std::string patch_file(const std::string& name, std::int64_t x, std::int64_t y, std::int64_t side) {
  return "train/" + name + file_end(x, y, side);
}

std::vector<UncertainPlace> uncertain_places(const fs::path& folder) {
  std::map<std::string, CutPatch> origins;
  for (CutPatch& patch : read_origins(folder / "patches.csv")) origins.emplace(patch.file, std::move(patch));
  std::vector<UncertainPlace> places;
  for (output::UncertainPatch& patch : read_uncertain(folder / "uncertain.csv"))
    if (const auto origin = origins.find(patch.file); origin != origins.end()) places.push_back({std::move(patch), origin->second});
  return places;
}

PatchTables::PatchTables(fs::path folder, const std::vector<std::string>& classes) : folder_(std::move(folder)), classes_(classes) {
  if (fs::exists(folder_) && !fs::is_directory(folder_))
    throw core::UsageError(folder_.string() + ": is a file; choose another --output folder");
  if (!fs::exists(folder_) || fs::is_empty(folder_)) return;
  const fs::path labels = folder_ / "labels.csv";
  if (!fs::exists(folder_ / "patches.csv"))
    throw core::UsageError(folder_.string() + ": holds files that tile did not write; choose another --output folder");
  for (const CutPatch& patch : read_origins(folder_ / "patches.csv")) note(patch);
  const bool has_labels = fs::exists(labels);
  if (!has_labels && listed_.empty()) return;  // of a run that ended before its first patch
  if (!has_labels)
    throw core::UsageError(folder_.string() + ": its labels.csv, which patches would be added to, is gone; choose another --output folder");
  const core::CsvTable table = core::CsvTable::read(labels);
  if (!core::same_name(table.columns[0], "file"))
    throw core::UsageError(labels.string() + ": does not start with file,CLASS,…: patches can't be added to it");
  if (table.separator != ',')
    throw core::UsageError(labels.string() + ": is not separated by commas, as the lines are that would be added; save it with commas");
  const std::vector<std::string> columns(table.columns.begin() + 1, table.columns.end());
  if (!classes.empty() && classes != columns) {
    throw core::UsageError(folder_.string() + ": its labels.csv has " +
                           (columns.empty() ? "no columns of classes" : "the columns " + core::joined(columns)) + ", and the classes are " +
                           core::joined(classes) + ": choose another --output folder");
  }
  classes_ = columns;
  for (const core::CsvTable::Row& row : table.rows) listed_.insert(row.fields[0]);
}

void PatchTables::begin() const {
  std::error_code error;
  fs::create_directories(folder_ / "train", error);
  if (error) throw core::UsageError(folder_.string() + ": can't be made: " + error.message() + "; choose another --output folder");
  std::set<fs::path> unfinished;  // patches that a killed run was at
  for (auto entry = fs::directory_iterator(folder_ / "train", error); !error && entry != fs::end(entry); entry.increment(error))
    if (const fs::path patch = core::final_path(entry->path()); !patch.empty()) unfinished.insert(patch);
  for (const fs::path& patch : unfinished) core::remove_old_parts(patch, std::chrono::minutes(10));
  if (!fs::exists(folder_ / "patches.csv")) core::write_text_file(folder_ / "patches.csv", core::csv_line(kOriginColumns));
}

void PatchTables::note(const CutPatch& patch) {
  size_ = patch.size;
  mpp_ = patch.mpp;
  listed_.insert(patch.file);
  const std::string end = file_end(patch.x, patch.y, patch.side), start = "train/";
  if (patch.file.starts_with(start) && patch.file.ends_with(end) && patch.file.size() > start.size() + end.size())
    slides_[patch.file.substr(start.size(), patch.file.size() - start.size() - end.size())] = {fs::path(patch.slide).filename().string(),
                                                                                               patch.slide_fingerprint};
}

std::string PatchTables::name_of(const fs::path& slide, const std::string& fingerprint) const {
  std::string base = slide.stem().string();
  std::replace_if(
      base.begin(), base.end(), [](unsigned char c) { return c < 32; }, '_');
  const std::pair<std::string, std::string> wanted{slide.filename().string(), fingerprint};
  std::string name = base;
  for (int n = 2; slides_.contains(name) && slides_.at(name) != wanted; ++n) name = base + "_" + std::to_string(n);
  return name;
}

void PatchTables::add(const std::vector<CutPatch>& patches) {
  if (patches.empty()) return;
  const fs::path labels = folder_ / "labels.csv", origins = folder_ / "patches.csv";
  const auto lock = core::WorkLock::take(folder_ / ".labels.csv.lock");  // another process may add lines, too
  const auto content = [](const fs::path& table, const Record& columns) {
    if (!fs::exists(table)) return core::csv_line(columns);
    std::string text = core::read_text_file(table);
    if (!text.ends_with('\n')) text += '\n';
    return text;
  };
  Record columns{"file"};
  columns.insert(columns.end(), classes_.begin(), classes_.end());
  const fs::path uncertain = folder_ / "uncertain.csv";
  std::string label_text = content(labels, columns), origin_text = content(origins, kOriginColumns), uncertain_text;
  for (const CutPatch& patch : patches) {
    Record line(columns.size());
    line[0] = patch.file;
    label_text += core::csv_line(line);
    const bool with_class = !patch.class_name.empty();
    origin_text += core::csv_line({patch.file, patch.slide, patch.slide_fingerprint, std::to_string(patch.x), std::to_string(patch.y),
                                   std::to_string(patch.side), std::to_string(patch.size), patch.mpp > 0 ? core::shortest(patch.mpp) : "",
                                   core::shortest(patch.tissue), patch.class_name, with_class ? core::shortest(patch.of_class) : ""});
    if (const auto& doubt = patch.uncertainty)
      uncertain_text += core::csv_line({patch.file, patch.slide, core::fixed(doubt->entropy, 4),
                                        std::isnan(doubt->distance) ? "" : core::fixed(doubt->distance, 3), doubt->chosen_by});
    note(patch);
  }
  core::write_text_file(labels, label_text);
  core::write_text_file(origins, origin_text);
  if (uncertain_text.empty()) return;
  core::write_text_file(uncertain, content(uncertain, kUncertainColumns) + uncertain_text);
  core::write_text_file(folder_ / output::kUncertainPage, output::uncertain_page(read_uncertain(uncertain)));
}

}  // namespace wsi_lpd::pipeline::review
