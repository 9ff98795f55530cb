#pragma once
// Private to pipeline/: image labels from the names of files and folders.
#include <filesystem>
#include <string>
#include <vector>

#include "patch_tally.hpp"
#include "wsi_lpd/pipeline/training/patch_folder.hpp"

namespace wsi_lpd::pipeline::training {

/// Patches with labels, and the classes of the labels. A class without a name has only its number.
struct LabelledPatches {
  std::vector<Patch> patches;
  int classes = 0;
  std::vector<std::string> class_names{};
  std::string note{};  ///< one line if the classes were reordered to match by name; else empty
};

/// "NAME[1, 0, 1].png" → "101". The digits may be separated by blanks, commas, semicolons or underscores. Empty if the name has no such
/// end.
std::string label_digits(const std::filesystem::path& image);

/// Labels from the ends of the file names. If no name has digits and at least two folders in `folder` hold images, labels are from the
/// folders, one per class. `wanted`: see ScanOptions::classes.
LabelledPatches labels_from_names(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& images,
                                  const std::vector<std::string>& wanted, PatchTally& tally);

/// Adds `image` with its labels. An image of no class is counted as unusable.
void add_labelled(LabelledPatches& result, const std::filesystem::path& image, std::vector<float> labels, PatchTally& tally);

}  // namespace wsi_lpd::pipeline::training
