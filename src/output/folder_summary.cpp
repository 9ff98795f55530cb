#include "wsi_lpd/output/folder_summary.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <utility>
#include <vector>

#include "result_walk.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/core/utf8.hpp"
#include "wsi_lpd/output/same_slides.hpp"

namespace wsi_lpd::output {
namespace fs = std::filesystem;
namespace {

/// Empty where there is no such file.
std::string place_of(const fs::path& file) {
  try {
    return core::FileIdentity(file).place();
  } catch (const core::Error&) {
    return {};
  }
}

/// Which file the path names and in which state it is; empty where there is no such file.
std::string state_of(const fs::path& file) {
  try {
    const core::FileIdentity identity(file);
    return identity.place() + " " + identity.fingerprint();
  } catch (const core::Error&) {
    return {};
  }
}

/// The slide's field at the begin of its line, as csv_line() writes it.
std::string first_field(const std::string& line) {
  if (!line.starts_with('"')) return line.substr(0, line.find(','));
  std::size_t end = 1;
  while ((end = line.find('"', end)) != std::string::npos && line.compare(end, 2, "\"\"") == 0) end += 2;
  return line.substr(0, end == std::string::npos ? end : end + 1);
}

std::size_t hash_of(const std::string& slide) {
  std::string field = core::csv_line({core::utf8_of_bytes(slide)});
  field.pop_back();  // the line break
  return std::hash<std::string>()(field);
}

/// In one write, so that lines of several processes do not mix. False where that failed.
bool append(const fs::path& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return close(file) == 0 && written;
}

bool same_content(const fs::path& a, const fs::path& b) {
  std::ifstream first(a, std::ios::binary), second(b, std::ios::binary);
  return first && second &&
         std::equal(std::istreambuf_iterator(first), std::istreambuf_iterator<char>(), std::istreambuf_iterator(second),
                    std::istreambuf_iterator<char>());
}

}  // namespace

FolderSummary::FolderSummary(fs::path folder) : folder_(std::move(folder)), file_(folder_ / "summary.csv") {}

void FolderSummary::was_done(const std::string& slide) { forget_failure(folder_, slide); }

void FolderSummary::done(const std::string& slide, const fs::path& stem) {
  forget_failure(folder_, slide);
  const StatisticsFile file = read_statistics_file(fs::path(stem) += ".json");
  if (!file.statistics) return;
  if (columns_.add(*file.statistics)) place_.clear();
  add(slide, columns_.line(*file.statistics));
}

void FolderSummary::failed(const std::string& slide, const std::string& reason, const FailedJob& job) {
  record_failure(folder_, slide, reason, job);
  add(slide, columns_.failure_line(slide, reason));
}

/// What summary.csv holds now: another process may have appended to it, or replaced it.
void FolderSummary::look_at_file() {
  std::string line;
  if (const std::string place = place_of(file_); place.empty() || place != place_) {
    place_.clear();
    lines_.clear();
    file_of_lines_ = std::ifstream(file_);
    std::getline(file_of_lines_, line);
    if (line + "\n" != columns_.header()) return;  // of other slides, or not there
    place_ = place;
    read_ = static_cast<std::streamoff>(line.size()) + 1;
  }
  file_of_lines_.clear();
  file_of_lines_.seekg(read_);
  while (std::getline(file_of_lines_, line) && !file_of_lines_.eof()) {  // a line without its end is being written
    lines_.insert(std::hash<std::string>()(first_field(line)));
    read_ += static_cast<std::streamoff>(line.size()) + 1;
  }
}

void FolderSummary::add(const std::string& slide, const std::string& line) {
  look_at_file();
  constexpr int kShare = 20;
  if (!place_.empty() && lines_.insert(hash_of(slide)).second && append(file_, line)) return;
  if (Clock::now() - written_ >= kShare * time_) write_anew();
}

std::size_t FolderSummary::state_of_folder() const {
  std::size_t state = 0;
  const auto add = [&](const fs::path& path) { state += std::hash<std::string>()(path.string() + " " + state_of(path)); };
  walk_results(folder_, [&](const fs::directory_entry& entry) {
    if (entry.path().extension() == ".json") add(entry.path());
  });
  add(folder_ / kFailureFolder);
  return state;
}

/// The state of the file then.
std::string FolderSummary::write_anew() {
  const auto begin = Clock::now();
  const auto failures = recorded_failures(folder_);
  columns_ = {};
  std::vector<std::pair<std::string, std::string>> slides;  // with the files of their statistics
  SameSlides same(folder_);
  walk_results(folder_, [&](const fs::directory_entry& entry) {
    if (entry.path().extension() != ".json") return;
    const StatisticsFile file = read_statistics_file(entry.path());
    if (!file.statistics || failures.contains(file.statistics->slide)) return;
    columns_.add(*file.statistics);
    slides.emplace_back(file.statistics->slide, entry.path().string());
    same.add(*file.statistics, fs::path(entry.path()).replace_extension());
  });
  same_slides_ = same.line();
  std::ranges::sort(slides);
  core::PartFile part(file_);
  errno = 0;
  std::ofstream text(part.path(), std::ios::binary);
  const auto check = [&] {
    if (!text) throw core::Error("writing " + file_.string() + ": " + std::strerror(errno ? errno : EIO));
  };
  const auto write = [&](const std::string& line) {
    check();
    errno = 0;
    text << line;
    check();
  };
  write(columns_.header());
  for (const auto& [slide, path] : slides) {
    const StatisticsFile file = read_statistics_file(path);
    if (!file.statistics || columns_.add(*file.statistics)) continue;  // another process has replaced it: settle() finds out
    write(columns_.line(*file.statistics));
  }
  for (const auto& [slide, reason] : failures) write(columns_.failure_line(slide, reason));
  errno = 0;
  text.close();
  check();
  file_of_lines_.close();  // or a file server would keep it under another name
  place_.clear();
  if (!same_content(part.path(), file_)) part.commit();
  written_ = Clock::now();
  time_ = written_ - begin;
  return state_of(file_);
}

void FolderSummary::settle() {
  constexpr int kMost = 10;
  for (int i = 0; i < kMost; ++i) {
    const std::size_t before = state_of_folder();
    const std::string written = write_anew();
    if (state_of_folder() == before && state_of(file_) == written) return;
  }
}

}  // namespace wsi_lpd::output
