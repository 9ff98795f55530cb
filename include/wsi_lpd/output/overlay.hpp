#pragma once
#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/output/statistics.hpp"

namespace wsi_lpd::output {

// Every function here is thread-safe.

/// The slide's thumbnail (RGB) with result labels (1 channel, any size, the same area) drawn over it: tint, class borders, a legend
/// with tissue_shares() of the statistics, and a scale bar when `mpp` (µm per thumbnail pixel) is not 0.
core::Image draw_overlay(const core::Image& thumbnail, const core::Image& labels, const SlideStatistics& statistics, double mpp);

/// The colour of places that could not be read.
inline constexpr core::Colour kUnreadableColour{64, 64, 64};

/// Colours of a result raster's values for a palette: 0 background, 1…C classes, 254 unreadable. 256 entries.
std::vector<core::Colour> result_palette(const core::ClassScheme& classes);

}  // namespace wsi_lpd::output
