#pragma once
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/pipeline/training/patch_loader.hpp"

// What a training asks of its images before it starts.
namespace wsi_lpd::pipeline::training {

/// Which images, with which labels (FNV-1a of names and labels): a training goes on with the same ones only.
std::string fingerprint(const std::vector<Patch>& patches);

/// `patches` with about `share` of the training images moved to `valid`, by their names alone, where there are no validation images. Where
/// patients are known (Patch::patient) all images of a patient go together; an image without one counts as a patient. At least one image
/// stays in `train`, if there is one; where that or whole patients change the share, a line says so. Throws UsageError: no share from 0 to
/// less than 1.
PatchFolder with_hold_out(PatchFolder patches, double share, core::ProgressObserver& observer);

/// Says in how many images each class is, and warns of those in none and in all.
void report_balance(const PatchSet& set, const core::ClassScheme& classes, core::ProgressObserver& observer);

}  // namespace wsi_lpd::pipeline::training
