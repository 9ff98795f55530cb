#pragma once
#include <optional>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/core/stain.hpp"
#include "wsi_lpd/core/stain_fit.hpp"
#include "wsi_lpd/pipeline/training/patch_loader.hpp"

namespace wsi_lpd::pipeline::training {

/// Stain statistics of a set of images by both methods, from at most 400 images evenly spread over the set. A method that can't be measured
/// (grey images, one stain only) is left out with a warning. Thread-safe. Throws Error, Cancelled.
core::StainStatistics stain_of(const PatchSet& set, const core::Work& work);

/// How the stains of a set's images lie (network::fit_stain), from at most 4000 images evenly spread over the set. Images of a patient
/// share a fold; where no patient is known, an image is a patient. Nothing, and the observer is told, if too few images show tissue.
/// Thread-safe. Throws Error, Cancelled.
std::optional<core::StainFit> stain_fit_of(const PatchSet& set, const core::Work& work);

}  // namespace wsi_lpd::pipeline::training
