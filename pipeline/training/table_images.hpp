#pragma once
// Private to pipeline/: which image a table means.
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace wsi_lpd::pipeline::training {

/// Finds the images that the lines of a table name. Not thread-safe.
class TableImages {
 public:
  /// `images` may be named by their paths relative to the table's folder, or by the ends of their paths, with or without the file ending.
  TableImages(std::filesystem::path folder, const std::vector<std::filesystem::path>& images);

  struct Found {
    std::filesystem::path image;
    std::string problem{};  ///< why there is no image, or why it is not plain which one
    std::string kind{};     ///< with a problem: that of PatchTally::unusable; empty where several images have the name
  };
  /// The image that `name` means.
  Found find(const std::string& name);
  /// How many of the images nobody has asked for.
  std::size_t unnamed() const { return images_.size() - named_.size(); }

 private:
  std::filesystem::path folder_;
  std::set<std::filesystem::path> images_, named_;
  std::multimap<std::string, std::filesystem::path> by_name_;  ///< file names with and without their endings
};

}  // namespace wsi_lpd::pipeline::training
