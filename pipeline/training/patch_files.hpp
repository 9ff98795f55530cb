#pragma once
// Private to pipeline/: the image files of a folder of patches.
#include <filesystem>
#include <vector>

#include "patch_tally.hpp"

namespace wsi_lpd::pipeline::training {

/// The PNG, JPEG and TIFF files below `folder`, sorted, except in the folders `apart` and in hidden folders. Links whose target is missing
/// and folders that can't be read are counted as unusable in the tally; hidden images and files of other kinds as left out. Tables and
/// system files are ignored.
std::vector<std::filesystem::path> images_below(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& apart,
                                                PatchTally& tally);

/// Counts the images in `folder` itself, not in its subfolders. Such images are not used.
std::size_t images_beside(const std::filesystem::path& folder);

}  // namespace wsi_lpd::pipeline::training
