#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::pipeline {

/// One training or validation image.
struct Patch {
  std::filesystem::path image;
  std::filesystem::path mask;  ///< indexed PNG, 0…C−1 classes, C background; empty for training patches
  std::vector<float> labels;   ///< [C] of 0 or 1; empty where only a mask says
};

struct PatchFolder {
  std::vector<Patch> train, valid, test;
  int classes = 0;
  std::vector<std::string> class_names;  ///< from the header of labels.csv; else empty
};

/// All that is wrong with a folder of patches, one line each; `what()` has them all.
class PatchError : public Error {
 public:
  explicit PatchError(const std::vector<std::string>& problems);
  std::size_t count() const { return count_; }

 private:
  std::size_t count_;
};

/// Lists a folder of patches without decoding them: the BCSS-WSSS layout (train/NAME[101].png, {valid,val,test}/{img,mask}/), a plain
/// folder with the labels in the names, or one with labels.csv (file,class1,…). Throws PatchError that names every image without a label,
/// of another number of digits, without a mask, or of no class at all; UsageError when there is no folder or no image.
PatchFolder scan_patches(const std::filesystem::path& folder);

}  // namespace wsi_lpd::pipeline
