#pragma once
#include <span>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/pipeline/training/corrections.hpp"
#include "wsi_lpd/pipeline/training/patch_loader.hpp"

// Preparation of the images of a training.
namespace wsi_lpd::pipeline::training {

/// Hash (FNV-1a) of the file names and labels of the images, to check on resuming that they are the same.
std::string fingerprint(const std::vector<Patch>& patches);

/// The same of tiles with corrections, of their pixels and classes.
std::string fingerprint(std::span<const CorrectedTile> tiles);

/// If there are no validation images, moves about `share` of the training images to `valid`, chosen by their names alone. If patients are
/// known (Patch::patient), all images of a patient go together; an image without a patient counts as one. At least one image stays in
/// `train`, if there is one. The observer is told the numbers of patients and images, and why the share differs. Throws UsageError: `share`
/// is not in [0, 1).
PatchFolder with_hold_out(PatchFolder patches, double share, core::ProgressObserver& observer);

/// Reports the number of images of each class, and warns of classes in no image or in all images.
void report_balance(const PatchSet& set, const core::ClassScheme& classes, core::ProgressObserver& observer);

}  // namespace wsi_lpd::pipeline::training
