#pragma once
// Private to pipeline/: labels.csv.
#include <filesystem>
#include <string>
#include <vector>

#include "patch_labels.hpp"

namespace wsi_lpd::pipeline::training {

/// Reads a labels.csv: `file` and a column of 0 and 1 for each class, or `file` and `label` with class names. Files are named by their
/// paths among `images` (from images_below) or relative to the table. `wanted`: see ScanOptions::classes. Errors of single lines go to
/// `tally`. Throws UsageError: a table that can't be read, unusable columns, other classes than wanted.
LabelledPatches labels_from_table(const std::filesystem::path& table, const std::vector<std::filesystem::path>& images,
                                  const std::vector<std::string>& wanted, PatchTally& tally);

}  // namespace wsi_lpd::pipeline::training
