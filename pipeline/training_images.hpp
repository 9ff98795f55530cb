#pragma once
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/pipeline/patch_loader.hpp"

// What a training asks of its images before it starts.
namespace wsi_lpd::pipeline {

/// Which images, with which labels (FNV-1a of names and labels): a training goes on with the same ones only.
std::string fingerprint(const std::vector<Patch>& patches);

/// `patches` with about `share` of the training images taken away, by their names alone, to judge by where there are no validation images.
PatchFolder with_hold_out(PatchFolder patches, double share);

/// Says in how many images each class is, and warns of those in none and in all.
void report_balance(const PatchSet& set, const ClassScheme& classes, ProgressObserver& observer);

}  // namespace wsi_lpd::pipeline
