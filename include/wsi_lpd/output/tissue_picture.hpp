#pragma once
#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/core/tile_plan.hpp"

namespace wsi_lpd::output {

/// A picture of what was taken of a slide and what was left out: the thumbnail (RGB, of the plan's bounds) with tissue outlined, other
/// parts (values of Part, 1 channel, any size, the same area) hatched, the tiles taken as a grid (each the part of the slide that it is
/// nearest to), a legend with shares of the slide, and a scale bar when `mpp` (µm per thumbnail pixel) is not 0. Thread-safe.
core::Image draw_tissue(const core::Image& thumbnail, const core::Image& parts, const core::TilePlan& plan, double mpp);

}  // namespace wsi_lpd::output
