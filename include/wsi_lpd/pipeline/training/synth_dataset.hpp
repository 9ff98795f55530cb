#pragma once
#include <cstdint>
#include <filesystem>

#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::pipeline::training {

struct SynthOptions {
  std::filesystem::path folder;
  int train = 600, valid = 60, test = 60;  ///< number of patches in each split
  int patch_size = 224;                    ///< pixels
  int slides = 1;
  core::Size slide_size{4096, 4096};  ///< pixels
  double mpp = 0.5;                   ///< µm/px of patches and slides
  double tissue_fraction = 0.6;       ///< share of tissue in the slides
  double stain_variation = 1;
  std::uint64_t seed = 0;
};

/// Writes FOLDER/patches (BCSS-WSSS layout with dataset.toml) and FOLDER/slides (`slide-N.tif`, truth `slide-N.labels.png`). Every file is
/// a pure function of the options. Slides are painted in bands, so memory does not grow with their height. Paints in parallel (oneTBB).
/// Throws UsageError: options out of range, a folder that exists already; Error; Cancelled.
void make_synth_dataset(const SynthOptions& options, const core::Work& work);

}  // namespace wsi_lpd::pipeline::training
