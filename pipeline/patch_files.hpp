#pragma once
// Private to pipeline/: the image files of a folder of patches.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace wsi_lpd::pipeline {

struct PatchFiles {
  std::vector<std::filesystem::path> images;    ///< sorted; with those that can't be read, which decoding names
  std::map<std::string, std::size_t> left_out;  ///< other files, by their kind: "hidden", ".txt"
};

/// PNG, JPEG and TIFF files in `folder` and the folders in it, linked ones too. Hidden files (`._NAME` of macOS among them), Thumbs.db and
/// desktop.ini, tables, and the folders `except`, which lie in `folder`, are passed over. Adds a line to `problems` for each link whose
/// target is missing and each folder that can't be searched.
PatchFiles find_patch_files(const std::filesystem::path& folder, const std::vector<std::string>& except,
                            std::vector<std::string>& problems);

}  // namespace wsi_lpd::pipeline
