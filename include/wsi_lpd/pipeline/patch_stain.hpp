#pragma once
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/core/stain.hpp"
#include "wsi_lpd/pipeline/patch_loader.hpp"

namespace wsi_lpd::pipeline {

/// Stain of a set of images, by both methods, from a spread of at most 400 of them. What can't be had (grey images, one stain only) is
/// left out, with a warning. Throws Error, Cancelled.
StainStatistics stain_of(const PatchSet& set, ProgressObserver& observer, const CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline
