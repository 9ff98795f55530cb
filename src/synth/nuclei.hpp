#pragma once
#include <cstdint>
#include <vector>

#include "tissue_map.hpp"
#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::synth {

/// Farthest reach of a nucleus from its centre, µm.
inline constexpr double kNucleusReach = 14;

/// Haematoxylin density that nuclei add to each pixel of `region` (row by row), for a map window that covers the region grown by
/// kNucleusReach.
std::vector<float> paint_nuclei(std::uint64_t seed, const TissueMap::Window& window, const core::Rect& region, double mpp);

}  // namespace wsi_lpd::synth
