#pragma once
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/core/stain.hpp"
#include "wsi_lpd/pipeline/training/patch_loader.hpp"

namespace wsi_lpd::pipeline::training {

/// Stain of a set of images, by both methods, from a spread of at most 400 of them. What can't be had (grey images, one stain only) is
/// left out, with a warning. Throws Error, Cancelled.
core::StainStatistics stain_of(const PatchSet& set, const core::Work& work);

}  // namespace wsi_lpd::pipeline::training
