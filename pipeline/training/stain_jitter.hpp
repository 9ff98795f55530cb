#pragma once
#include <cstdint>

#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::pipeline::training {

/// Random change of stain: the amounts of haematoxylin, eosin and DAB (Ruifrok & Johnston 2001) are each multiplied by 1 + U(−strength,
/// strength), and U(−strength, strength) / 5 is added (after Tellez et al. 2018). In place, RGB. A pure function of `seed`. Thread-safe.
void jitter_stain(core::ImageView<std::uint8_t> image, double strength, std::uint64_t seed);

}  // namespace wsi_lpd::pipeline::training
