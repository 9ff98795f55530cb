#pragma once
// Private to pipeline/: labels.csv.
#include <filesystem>
#include <string>
#include <vector>

#include "patch_labels.hpp"

namespace wsi_lpd::pipeline::training {

/// Reads a labels.csv: `file` and a column of 0 and 1 for each class, or `file` and `label` with the names of the classes. Files are those
/// of `images` (from images_below) or relative to the table. `wanted`: see ScanOptions::classes. Throws UsageError: a table that can't be
/// read, columns that say nothing, other classes than wanted; `tally` gets what is wrong with single lines.
LabelledPatches labels_from_table(const std::filesystem::path& table, const std::vector<std::filesystem::path>& images,
                                  const std::vector<std::string>& wanted, PatchTally& tally);

}  // namespace wsi_lpd::pipeline::training
