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
  std::vector<float> labels;   ///< [C] of 0 or 1; empty if only the mask gives the classes
  std::string patient{};       ///< the patient of the image; empty: unknown
};

struct PatchFolder {
  std::vector<Patch> train, valid, test;
  int classes = 0;                       ///< 0: there are no image labels
  std::vector<std::string> class_names;  ///< from labels.csv or the class folders, in the labels' order; else empty
  std::vector<std::string> notes{};      ///< lines for the user: how many patches are used and left out, and why
  std::vector<std::string> unusable{};   ///< one line for each image left out by ScanOptions::skip_unusable
};

/// How the images with image labels, those of train/, are treated.
enum class ImageLabels {
  Needed,   ///< training: there must be images, and they must be valid
  IfThere,  ///< calibration: images are optional, but must be valid
  Unused    ///< evaluation: errors in them are ignored
};

struct ScanOptions {
  /// The classes in the wanted order (dataset.toml, --classes). Classes that labels.csv or folders name are matched with them by name,
  /// without regard to case. Empty: the order of the table's columns, or alphabetical order.
  std::vector<std::string> classes{};
  ImageLabels image_labels = ImageLabels::Needed;
  bool skip_unusable = false;  ///< leave out and count unusable images, instead of an error
  /// Regular expression (ECMAScript) whose first group, or whole match, is the patient in an image's name without its ending. It takes
  /// precedence over the tables of patients. Empty: the tables.
  std::string groups{};
};

/// Problems of a folder of patches. `what()` holds the first_lines() of the problems.
class PatchError : public core::Error {
 public:
  /// `counts`, if given, is the text with the numbers of usable and unusable images; a last line then says that the latter may be left out
  /// (ScanOptions::skip_unusable). A single problem stays a single line.
  explicit PatchError(const std::vector<std::string>& problems, const std::string& counts = {});
  std::size_t count() const { return count_; }  ///< number of all problems
  /// A line for each of the first problems, unlike that of other errors.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::size_t count_;
  std::string text_;
};

/// Lists a folder of patches (docs/patches.md) without decoding them. Labels come from the names of the files (NAME[101].png,
/// NAME[1, 0, 1].png), from the names of the folders, or from labels.csv; pixel masks from {valid,test}/{img,mask}/. Each of these folders
/// may have subfolders. `options.groups`, patients.csv or the patches.csv of `tile` gives the patients of the images. Thread-safe. Throws
/// PatchError: images without a label or mask, images with another number of digits, links without a target, contradictions in labels.csv.
/// Throws UsageError: no folder, no image, a table that can't be read, other classes than `options.classes`, `options.groups` is no regular
/// expression or matches no image.
PatchFolder scan_patches(const std::filesystem::path& folder, const ScanOptions& options = {});

/// Lists all images below `folder` as patches of which nothing is known: their `labels` are NaN, one for each of `classes` classes. With
/// `skip_unusable` links without a target are left out. Thread-safe. Throws UsageError: no folder, no image; PatchError.
std::vector<Patch> scan_unlabelled(const std::filesystem::path& folder, int classes, bool skip_unusable);

}  // namespace wsi_lpd::pipeline::training
