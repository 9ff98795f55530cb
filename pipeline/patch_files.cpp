#include "patch_files.hpp"

#include <algorithm>
#include <set>

namespace wsi_lpd::pipeline {
namespace fs = std::filesystem;
namespace {

std::string ending_of(const fs::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char letter) { return std::tolower(letter); });
  return ending;
}

bool is_image(const fs::path& path) {
  const std::string ending = ending_of(path);
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg" || ending == ".tif" || ending == ".tiff";
}

/// What systems leave in folders.
bool is_litter(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name == "Thumbs.db" || name == "desktop.ini";
}

class Search {
 public:
  Search(PatchFiles& files, std::vector<std::string>& problems) : files_(files), problems_(problems) {}

  void run(const fs::path& folder, const std::vector<std::string>& except) {
    std::error_code error;
    if (!searched_.insert(fs::canonical(folder, error).string()).second) return;
    fs::directory_iterator entries(folder, error);
    if (error) {
      problems_.push_back(folder.string() + ": " + error.message());
      return;
    }
    for (const fs::directory_entry& entry : entries) {
      const fs::path& path = entry.path();
      if (is_litter(path)) {
        ++files_.left_out["hidden"];
      } else if (entry.is_directory(error)) {
        if (std::ranges::find(except, path.filename().string()) == except.end()) run(path, {});
      } else if (is_image(path)) {
        add(entry);
      } else if (const std::string ending = ending_of(path); ending != ".csv" && ending != ".toml") {
        ++files_.left_out[ending.empty() ? "file without ending" : ending];
      }
    }
  }

 private:
  void add(const fs::directory_entry& entry) {
    std::error_code error;
    if (entry.is_regular_file(error)) {
      files_.images.push_back(entry.path());
    } else if (entry.is_symlink(error)) {
      problems_.push_back(entry.path().string() + ": is a link to " + fs::read_symlink(entry.path(), error).string() +
                          ", which is not there");
    } else {
      problems_.push_back(entry.path().string() + ": is no regular file");
    }
  }

  PatchFiles& files_;
  std::vector<std::string>& problems_;
  std::set<std::string> searched_;
};

}  // namespace

PatchFiles find_patch_files(const fs::path& folder, const std::vector<std::string>& except, std::vector<std::string>& problems) {
  PatchFiles files;
  Search(files, problems).run(folder, except);
  std::ranges::sort(files.images);
  std::ranges::sort(problems);
  return files;
}

}  // namespace wsi_lpd::pipeline
