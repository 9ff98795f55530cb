#pragma once
#include "wsi_lpd/model/network/patch_model.hpp"

namespace wsi_lpd::model::network {

/// Copies of images, each with bright, slightly noisy glass over 15 % to 60 % of it, from one of its sides, as tiles at the edge of tissue
/// look. `first` is the number of the first image: each number has its own side, share and noise. A pure function of its arguments.
PatchBatch covered_with_glass(PatchBatch images, std::int64_t first);

}  // namespace wsi_lpd::model::network
