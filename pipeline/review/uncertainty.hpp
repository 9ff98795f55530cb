#pragma once
#include "patch_choice.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/output/result_reader.hpp"

namespace wsi_lpd::pipeline::review {

/// Sets PatchPlace::uncertainty, without `chosen_by`, of patches of `size` output pixels. The entropy of a cell of the class maps is
/// −Σ p ln p ÷ ln (C + 1) with p proportional to the value m of each class and to the background's, (1 − max m)^10; that of a patch is the
/// mean over its cells. The distance is the largest of the tiles whose centres lie in the patch, by features or stain. Throws Error
/// where a patch has no cell, Cancelled.
void rate(std::vector<PatchPlace>& places, const core::Frame& frame, int size, output::ResultReader& result,
          const core::CancelFlag& cancel);

/// Keeps up to `count` rated places, in their order: by turns one with the largest entropy and one with the largest distance, as long as
/// there are distances over 1. A place is passed over if the gap to a chosen one is less than a patch, unless too few are left
/// otherwise.
void choose_uncertain(std::vector<PatchPlace>& places, int size, std::int64_t count);

}  // namespace wsi_lpd::pipeline::review
