#include "wsi_lpd/pipeline/archive/find_slides.hpp"

#include <glob.h>

#include <algorithm>
#include <deque>
#include <set>
#include <span>

#include "slide_jobs.hpp"
#include "wsi_lpd/core/file_names.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/output/result_folder.hpp"
#include "wsi_lpd/slide/archive_file.hpp"

namespace wsi_lpd::pipeline::archive {
namespace fs = std::filesystem;
namespace {

/// Takes a file that nobody has named, or counts it.
void take_or_leave(const fs::path& file, const fs::path& folder, std::vector<FoundSlide>& found, FoundSlides& result) {
  if (const std::string kind = slide::left_out_as(file); kind.empty()) {
    found.push_back({.slide = file.string(), .folder = folder.string()});
  } else {
    result.left_out[kind].push_back(file);
  }
}

/// An image whose format is a folder of thousands of files.
bool is_image_folder(const fs::path& folder) { return folder.extension() == ".zarr"; }

class FolderSearch {
 public:
  FolderSearch(const fs::path& root, const fs::path& output, const core::CancelFlag& cancel, FoundSlides& result)
      : root_(root), output_(fs::weakly_canonical(output)), cancel_(cancel), result_(result) {}

  /// Linked folders come last, so that a file has the name of its own folder where that is searched, too.
  std::vector<FoundSlide> run() {
    search(root_, ".");
    for (; !linked_.empty(); linked_.pop_front()) search(linked_.front(), linked_.front().lexically_relative(root_));
    std::ranges::sort(found_, {}, &FoundSlide::slide);
    return std::move(found_);
  }

 private:
  void search(const fs::path& folder, const fs::path& below) {
    std::error_code error;
    if (!searched_.insert(fs::canonical(folder, error).string()).second) {
      result_.notes.push_back(folder.string() + " is a link to a folder that is searched already");
      return;
    }
    fs::directory_iterator entries(folder, error);
    if (error) {
      found_.push_back({.slide = folder.string(), .folder = below.parent_path().string()});  // fails with the reason
      return;
    }
    std::vector<fs::directory_entry> sorted(begin(entries), end(entries));  // of two links to a folder, the first in name counts
    std::ranges::sort(sorted);
    for (const fs::directory_entry& entry : sorted) {
      core::check(cancel_);
      const fs::path& path = entry.path();
      if (!entry.is_directory(error)) {
        take_or_leave(path, below, found_, result_);
      } else if (fs::weakly_canonical(path) == output_ || path.filename().string().starts_with('.')) {
        result_.left_out[path.filename().string().starts_with('.') ? "hidden folder" : "output folder"].push_back(path);
      } else if (fs::exists(path / output::kReportMark, error)) {
        result_.left_out["report"].push_back(path);
      } else if (is_image_folder(path)) {
        found_.push_back({.slide = path.string(), .folder = below.string()});
      } else if (entry.is_symlink(error)) {
        linked_.push_back(path);
      } else {
        search(path, below / path.filename());
      }
    }
  }

  fs::path root_, output_;
  const core::CancelFlag& cancel_;
  FoundSlides& result_;
  std::vector<FoundSlide> found_;
  std::set<std::string> searched_;
  std::deque<fs::path> linked_;
};

/// What glob() has found, until the end of the scope.
class Matches {
 public:
  explicit Matches(const std::string& pattern) { glob(pattern.c_str(), GLOB_TILDE, nullptr, &found_); }
  ~Matches() { globfree(&found_); }
  Matches(const Matches&) = delete;
  Matches& operator=(const Matches&) = delete;
  std::span<char* const> paths() const { return {found_.gl_pathv, found_.gl_pathc}; }

 private:
  glob_t found_{};
};

std::vector<FoundSlide> by_pattern(const std::string& pattern, const core::CancelFlag& cancel, FoundSlides& result) {
  const std::string ending = fs::path(pattern).extension().string();
  const bool names_ending = !ending.empty() && ending.find_first_of("*?[") == std::string::npos;
  std::vector<FoundSlide> found;
  const Matches matches(pattern);
  for (const fs::path file : matches.paths()) {
    core::check(cancel);
    std::error_code ignored;
    if (fs::is_directory(file, ignored) && !is_image_folder(file)) {
      if (!names_ending) result.left_out["folder"].push_back(file);
    } else if (names_ending || is_image_folder(file)) {
      found.push_back({.slide = file.string()});
    } else {
      take_or_leave(file, {}, found, result);
    }
  }
  return found;
}

bool is_manifest(const fs::path& file) { return core::lower_ending(file) == ".csv"; }
bool is_list(const fs::path& file) { return core::lower_ending(file) == ".txt"; }

}  // namespace

bool is_collection(const std::string& source) {
  if (fs::is_regular_file(source)) return is_manifest(source) || is_list(source);
  return fs::is_directory(source) || source.find_first_of("*?[") != std::string::npos;
}

FoundSlides find_slides(const std::string& source, const fs::path& output, const core::CancelFlag& cancel) {
  FoundSlides result;
  std::vector<FoundSlide> found;
  std::string nothing = "no slide was found in this folder";
  if (fs::is_directory(source)) {
    found = FolderSearch(source, output, cancel, result).run();
  } else if (const fs::path path(source); fs::is_regular_file(path)) {
    found = is_manifest(path) ? read_manifest(path) : is_list(path) ? read_list(path) : std::vector<FoundSlide>{{.slide = source}};
    nothing = "the list names no slide";
  } else {
    found = by_pattern(source, cancel, result);
    nothing = result.left_out.empty() ? "no such folder, list or slide, and no file matches it as a pattern"
                                      : "what matches this pattern is no slide";
  }
  if (found.empty()) {
    const std::string left_out = left_out_text(result);
    throw core::UsageError(source + ": " + nothing + (left_out.empty() ? "" : " (left out: " + left_out + ")"));
  }
  keep_each_once(found, result.notes, cancel);
  result.jobs = name_jobs(std::move(found), output, cancel);
  return result;
}

FoundSlides name_results(const std::vector<fs::path>& slides, const fs::path& output, const core::CancelFlag& cancel) {
  FoundSlides result;
  std::vector<FoundSlide> found;
  found.reserve(slides.size());
  for (const fs::path& slide : slides) found.push_back({.slide = slide.string()});
  keep_each_once(found, result.notes, cancel);
  result.jobs = name_jobs(std::move(found), output, cancel);
  return result;
}

std::string left_out_text(const FoundSlides& found) {
  std::map<std::string, std::size_t> kinds;
  for (const auto& [kind, files] : found.left_out) kinds[kind] = files.size();
  return core::counted(kinds);
}

}  // namespace wsi_lpd::pipeline::archive
