#include "wsi_lpd/output/slide_files.hpp"

#include <algorithm>
#include <cstring>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/digest/sha256.hpp"
#include "wsi_lpd/output/statistics_file.hpp"

namespace wsi_lpd::output {
namespace {

namespace fs = std::filesystem;

fs::path with(const fs::path& stem, const char* suffix) { return fs::path(stem) += suffix; }

/// What a staged result's folder would be called without its mark of a part.
fs::path hidden(const fs::path& stem) { return stem.parent_path() / ("." + stem.filename().string()); }

std::optional<std::int64_t> bytes_of(const fs::path& file) {
  std::error_code gone;
  const auto bytes = fs::file_size(file, gone);
  return gone ? std::nullopt : std::optional(static_cast<std::int64_t>(bytes));
}

fs::path part_of_place(const fs::path& stem) {
  if (stem.has_parent_path()) fs::create_directories(stem.parent_path());
  return hidden(stem);
}

}  // namespace

std::vector<std::string> shared_endings() {
  std::vector<std::string> endings;
  for (const std::string_view longer : kSuffixes) {
    for (const std::string_view shorter : kSuffixes) {
      if (longer != shorter && longer.ends_with(shorter)) endings.emplace_back(longer.substr(0, longer.size() - shorter.size()));
    }
  }
  return endings;
}

fs::path label_pyramid(const fs::path& stem) {
  const fs::path plain = with(stem, kLabels), ome = with(stem, kOmeLabels);
  return !fs::exists(plain) && fs::exists(ome) ? ome : plain;
}

fs::path lock_path(const fs::path& stem) { return with(stem, ".lock"); }

std::string ChangedFile::text() const {
  if (!bytes) return name + " is gone";
  if (bytes == recorded) return name + " has other bytes than were written";
  return name + " has " + std::to_string(*bytes) + " bytes instead of " + std::to_string(recorded.value_or(0));
}

std::vector<ChangedFile> changed_files(const fs::path& stem, const SlideStatistics& statistics, Compare compare) {
  std::vector<ChangedFile> changed;
  const auto add = [&](const fs::path& file, std::optional<std::int64_t> recorded) {
    const auto bytes = bytes_of(file);
    if (!bytes || (recorded && *bytes != *recorded)) changed.push_back({file.filename().string(), bytes, recorded});
  };
  if (statistics.files.empty()) {
    add(label_pyramid(stem), {});
    add(with(stem, ".h5"), {});
  }
  for (const char* suffix : kSuffixes) {
    const auto file = statistics.files.find(suffix);
    if (file == statistics.files.end()) continue;
    const std::size_t before = changed.size();
    add(with(stem, suffix), file->second);
    const auto hash = statistics.hashes.find(suffix);
    if (compare == Compare::Sizes || hash == statistics.hashes.end() || changed.size() > before) continue;
    if (digest::sha256_of_file(with(stem, suffix)) != hash->second)
      changed.push_back({with(stem, suffix).filename().string(), file->second, file->second});
  }
  return changed;
}

std::string text_of(const std::vector<ChangedFile>& files) {
  std::vector<std::string> texts;
  texts.reserve(files.size());
  for (const ChangedFile& file : files) texts.push_back(file.text());
  return core::joined(texts);
}

StagedResult::StagedResult(fs::path stem)
    : stem_(std::move(stem)), folder_(part_of_place(stem_)), staged_(folder_.path() / stem_.filename()) {}

void StagedResult::commit(SlideStatistics& statistics, const core::WorkLock* lock) {
  statistics.files.clear();
  statistics.hashes.clear();
  for (const char* suffix : kSuffixes) {
    const fs::path file = with(staged_, suffix);
    const auto bytes = bytes_of(file);
    if (!bytes) continue;
    statistics.files[suffix] = *bytes;
    statistics.hashes[suffix] = digest::sha256_of_file(file);
  }
  write_statistics(with(staged_, ".json"), statistics);
  const auto move = [&](const char* suffix) {
    if (lock) lock->still_held();
    fs::rename(with(staged_, suffix), with(stem_, suffix));
  };
  if (lock) lock->still_held();
  fs::remove(with(stem_, ".json"));  // older statistics must not vouch for newer files
  for (const char* suffix : kSuffixes) {
    if (statistics.files.contains(suffix)) {
      move(suffix);
    } else {
      fs::remove(with(stem_, suffix));
    }
  }
  move(".json");
}

fs::path unfinished_stem(const fs::path& path) {
  const fs::path name = core::final_path(path).filename();
  if (name.empty()) return {};
  const std::string text = name.string();
  if (fs::is_directory(path)) return text.size() > 1 && text[0] == '.' ? path.parent_path() / text.substr(1) : fs::path();
  for (const char* suffix : kSuffixes) {
    if (text.ends_with(suffix) && text.size() > std::strlen(suffix))
      return path.parent_path() / text.substr(0, text.size() - std::strlen(suffix));
  }
  return {};
}

bool is_unfinished_of(const fs::path& path, const fs::path& stem) {
  return core::is_part_of(path, hidden(stem)) || core::is_part_of(path, lock_path(stem)) || core::is_part_of(path, with(stem, ".json")) ||
         std::any_of(std::begin(kSuffixes), std::end(kSuffixes),
                     [&](const char* suffix) { return core::is_part_of(path, with(stem, suffix)); });
}

void remove_unfinished(const fs::path& stem) {
  std::vector<fs::path> left;
  const fs::path folder = stem.parent_path();
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder)) {
    if (is_unfinished_of(folder / entry.path().filename(), stem)) left.push_back(entry.path());
  }
  for (const fs::path& path : left) fs::remove_all(path);
}

}  // namespace wsi_lpd::output
