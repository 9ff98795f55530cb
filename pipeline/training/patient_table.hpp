#pragma once
// Private to pipeline/: which patient an image is of.
#include <filesystem>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/training/patch_folder.hpp"

namespace wsi_lpd::pipeline::training {

/// Sets Patch::patient of `patches` by the first of these tables that one of `folders` has: patients.csv (columns file and patient), or the
/// patches.csv of `tile`, where each slide counts as a patient. Files are named as in labels.csv. Returns a line for the user that says how
/// many patients there are and which lines and images are without; empty where there is no table. Throws UsageError: no such column, a
/// name that several images have, an image of two patients.
std::string name_patients(const std::vector<std::filesystem::path>& folders, std::vector<Patch>& patches);

}  // namespace wsi_lpd::pipeline::training
