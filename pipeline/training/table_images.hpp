#pragma once
// Private to pipeline/: finds the images that a table names.
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace wsi_lpd::pipeline::training {

/// Finds the images that the lines of a table name. Not thread-safe.
class TableImages {
 public:
  /// The lines may name `images` by their paths relative to `folder`, or by an end of their paths, with or without the extension.
  TableImages(std::filesystem::path folder, const std::vector<std::filesystem::path>& images);

  struct Found {
    std::filesystem::path image;
    std::string problem{};  ///< why no image was found, or why the name is ambiguous
    std::string kind{};     ///< with a problem: the kind for PatchTally::unusable; empty if the name is ambiguous
  };
  /// Finds the image that `name` stands for.
  Found find(const std::string& name);
  /// Number of images that find() has not returned.
  std::size_t unnamed() const { return images_.size() - named_.size(); }

 private:
  std::filesystem::path folder_;
  std::set<std::filesystem::path> images_, named_;
  std::multimap<std::string, std::filesystem::path> by_name_;  ///< by file name, with and without extension
};

}  // namespace wsi_lpd::pipeline::training
