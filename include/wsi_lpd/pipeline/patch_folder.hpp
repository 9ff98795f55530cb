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
  std::vector<std::string> class_names;  ///< from labels.csv or the names of folders; else empty
  std::vector<std::string> notes;        ///< what was left out, and how labels were understood where that is not plain
};

/// All that is wrong with a folder of patches, one line each; `what()` has the first ten, and how many more there are.
class PatchError : public Error {
 public:
  explicit PatchError(const std::vector<std::string>& problems);
  std::size_t count() const { return count_; }

 private:
  std::size_t count_;
};

/// Lists a folder of patches without decoding them: the BCSS-WSSS layout (train/NAME[101].png, {valid,val,test}/{img,mask}/), a plain
/// folder with the labels in the names, a folder for each class, or one with labels.csv; docs/patches.md has them all. Folders are searched
/// through. One that has valid/ or test/ alone is good, too. Throws PatchError that names every image without a label, of another number of
/// digits, without a mask, of no class at all, or behind a link to nothing; UsageError when there is no folder or no image, or
/// labels.csv is no such table.
PatchFolder scan_patches(const std::filesystem::path& folder);

/// Puts the classes of the labels into the order of `names`, where these are the same in another order; else changes nothing.
void reorder_classes(PatchFolder& patches, const std::vector<std::string>& names);

}  // namespace wsi_lpd::pipeline
