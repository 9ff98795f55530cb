#pragma once
// Private to pipeline/: the patients of the images.
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "wsi_lpd/pipeline/training/patch_folder.hpp"

namespace wsi_lpd::pipeline::training {

/// Parts of a folder of patches; messages count the images of the first.
using PatchParts = std::span<std::vector<Patch>* const>;

/// Sets Patch::patient of all `parts` from the first of these tables found in one of `folders`: patients.csv (columns file and patient), or
/// the patches.csv of `tile`, where each slide counts as a patient. Files are named as in labels.csv. Returns a line for the user with the
/// number of patients, of images without a patient, and of lines without an image; empty if there is no table. Throws UsageError: a missing
/// column, an ambiguous file name, an image of two patients.
std::string name_patients(const std::vector<std::filesystem::path>& folders, PatchParts parts);

/// Sets Patch::patient of all `parts` from the names of the images without their endings: what the first group of the regular expression
/// `pattern` (ECMAScript) matches or, where it has no group, its whole match. An image is of an unknown patient if that is nothing. Returns
/// a line for the user with the number of patients and of images without one. Throws UsageError: no regular expression, or it matches no
/// image of the first part.
std::string name_patients_by(const std::string& pattern, PatchParts parts);

}  // namespace wsi_lpd::pipeline::training
