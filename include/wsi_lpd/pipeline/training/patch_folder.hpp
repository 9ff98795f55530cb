#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::pipeline::training {

/// One training or validation image.
struct Patch {
  std::filesystem::path image;
  std::filesystem::path mask;  ///< label image, 0…C−1 classes, C background; empty for training patches
  std::vector<float> labels;   ///< [C] of 0 or 1; empty where only a mask says
  std::string patient{};       ///< whose image it is; empty where that is not known
};

struct PatchFolder {
  std::vector<Patch> train, valid, test;
  int classes = 0;                       ///< 0 where there are no image labels
  std::vector<std::string> class_names;  ///< of labels.csv or of the folders of classes, in the labels' order; else empty
  std::vector<std::string> notes{};      ///< what the user should know, one line each: how many patches are used and left out, and why
  std::vector<std::string> unusable{};   ///< images that were left out because of ScanOptions::skip_unusable, one line each
};

/// What becomes of the images with image labels, those of train/.
enum class ImageLabels {
  Needed,   ///< to train: they must be there and be sound
  IfThere,  ///< to calibrate: sound, if there are any
  Unused    ///< to evaluate: what is wrong with them does not matter
};

struct ScanOptions {
  /// The classes in the order wanted (dataset.toml, --classes). Classes that labels.csv or folders name are matched with them by name, but
  /// for the case of letters. Empty: the order of the table's columns, or of the alphabet.
  std::vector<std::string> classes{};
  ImageLabels image_labels = ImageLabels::Needed;
  bool skip_unusable = false;  ///< images that can't be used are left out and counted instead of refused
};

/// What is wrong with a folder of patches. `what()` has the first_lines() of the problems.
class PatchError : public core::Error {
 public:
  /// `counts`, where given, says how many images are usable and how many are not: these may be left out (ScanOptions::skip_unusable), which
  /// the last line says; a single problem stays a single line.
  explicit PatchError(const std::vector<std::string>& problems, const std::string& counts = {});
  std::size_t count() const { return count_; }  ///< of all problems

 private:
  std::size_t count_;
};

/// Lists a folder of patches (docs/patches.md) without decoding them: labels in the names (NAME[101].png, NAME[1, 0, 1].png), in the names
/// of the folders, or in labels.csv; pixel masks in {valid,test}/{img,mask}/; all of them in nested folders, too. Where image labels are
/// needed, patients.csv or the patches.csv of `tile` names the patients of the images in train/. Throws PatchError: images
/// without a label or mask, of another number of digits, links without a target; lines of labels.csv that say what can't be. Throws
/// UsageError: no folder, no image, a table that can't be read, other classes than `options.classes`.
PatchFolder scan_patches(const std::filesystem::path& folder, const ScanOptions& options = {});

}  // namespace wsi_lpd::pipeline::training
