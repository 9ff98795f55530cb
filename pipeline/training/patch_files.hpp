#pragma once
// Private to pipeline/: the image files of a folder of patches.
#include <filesystem>
#include <vector>

#include "patch_tally.hpp"

namespace wsi_lpd::pipeline::training {

/// The PNG, JPEG and TIFF files below `folder`, sorted, without the folders `apart` and without hidden ones. Links whose target is missing
/// and folders that can't be read are unusable in the tally; hidden images and files of other kinds are left out. Tables and system files
/// are passed over.
std::vector<std::filesystem::path> images_below(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& apart,
                                                PatchTally& tally);

/// Counts the images that lie in `folder` itself, where they are not looked for.
std::size_t images_beside(const std::filesystem::path& folder);

}  // namespace wsi_lpd::pipeline::training
