#pragma once
#include <cstdint>
#include <filesystem>

#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::pipeline::training {

struct SynthOptions {
  std::filesystem::path folder;
  int train = 600, valid = 60, test = 60;  ///< patches of each split
  int patch_size = 224;
  int slides = 1;
  core::Size slide_size{4096, 4096};
  double mpp = 0.5;
  double tissue_fraction = 0.6;  ///< of the slides
  double stain_variation = 1;
  std::uint64_t seed = 0;
};

/// Writes FOLDER/patches (BCSS-WSSS layout with dataset.toml) and FOLDER/slides (`slide-N.tif`, truth `slide-N.labels.png`). Every
/// file is a pure function of the options. Slides are painted in bands: memory does not grow with their height.
void make_synth_dataset(const SynthOptions& options, const core::Work& work);

}  // namespace wsi_lpd::pipeline::training
