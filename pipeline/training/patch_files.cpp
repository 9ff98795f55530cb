#include "patch_files.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "wsi_lpd/core/file_names.hpp"

namespace wsi_lpd::pipeline::training {
namespace fs = std::filesystem;
namespace {

bool is_image(const fs::path& path) {
  const std::string ending = core::lower_ending(path);
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg" || ending == ".tif" || ending == ".tiff";
}

/// What nobody takes for a patch: tables, descriptions, what systems leave behind.
bool is_beside_the_point(const fs::path& path) {
  const std::string ending = core::lower_ending(path);
  return ending == ".csv" || ending == ".toml" || ending == ".md" || path.filename() == "Thumbs.db" || path.filename() == "desktop.ini";
}

/// macOS keeps attributes of NAME in ._NAME or __MACOSX/NAME.
bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.') || path.filename() == "__MACOSX"; }

class Search {
 public:
  Search(const std::vector<fs::path>& apart, PatchTally& tally) : apart_(apart), tally_(tally) {}

  void search(const fs::path& folder) {
    std::error_code error;
    if (!searched_.insert(fs::canonical(folder, error).string()).second) {
      tally_.leave_out("in a link to a folder that is searched already");
      return;
    }
    const fs::directory_iterator entries(folder, error);
    if (error) tally_.unusable("in a folder that can't be read", folder.string() + ": can't be read: " + error.message());
    std::vector<fs::directory_entry> sorted(entries, {});
    std::sort(sorted.begin(), sorted.end());
    for (const fs::directory_entry& entry : sorted) take(entry);
  }

  std::vector<fs::path> images;

 private:
  void take(const fs::directory_entry& entry) {
    std::error_code error;
    const fs::path& path = entry.path();
    const bool is_folder = entry.is_directory(error);
    if (is_hidden(path)) {
      if (is_folder || is_image(path)) tally_.leave_out("hidden");
    } else if (is_folder) {
      if (std::find(apart_.begin(), apart_.end(), path) == apart_.end()) search(path);
    } else if (!is_image(path)) {
      if (!is_beside_the_point(path)) tally_.leave_out(core::lower_ending(path).empty() ? "without an ending" : core::lower_ending(path));
    } else if (entry.is_symlink(error) && !fs::exists(path, error)) {
      tally_.unusable(kBrokenLink, path.string() + ": " + core::text_of_missing_target(path));
    } else {
      images.push_back(path);
    }
  }

  const std::vector<fs::path>& apart_;
  PatchTally& tally_;
  std::set<std::string> searched_;
};

}  // namespace

std::vector<fs::path> images_below(const fs::path& folder, const std::vector<fs::path>& apart, PatchTally& tally) {
  Search search(apart, tally);
  search.search(folder);
  std::sort(search.images.begin(), search.images.end());
  return std::move(search.images);
}

std::size_t images_beside(const fs::path& folder) {
  std::error_code error;
  return static_cast<std::size_t>(std::count_if(fs::directory_iterator(folder, error), {}, [](const fs::directory_entry& entry) {
    return is_image(entry.path()) && !is_hidden(entry.path()) && !entry.is_directory();
  }));
}

}  // namespace wsi_lpd::pipeline::training
