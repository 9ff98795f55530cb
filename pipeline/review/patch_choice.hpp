#pragma once
#include <filesystem>
#include <vector>

#include "result_raster.hpp"
#include "wsi_lpd/core/tissue_mask.hpp"
#include "wsi_lpd/pipeline/review/cut_patches.hpp"

namespace wsi_lpd::pipeline::review {

/// The position of a patch on a slide.
struct PatchPlace {
  std::int64_t x = 0, y = 0;  ///< top left, output pixels
  double tissue = 0;          ///< share of tissue in the patch
  double of_class = 0;        ///< share of the wanted class in the patch; 0 without a class
};

/// The positions of patches of `size` output pixels on the grid of plan_tiles, wholly within the frame and with enough tissue, in the order
/// of the plan.
std::vector<PatchPlace> places_with_tissue(const core::Frame& frame, const core::TissueMask& tissue, int size, const TileOptions& options);

/// Keeps the positions with at least `min_share` of label `value` in a label pyramid. The pyramid is read on its coarsest level on which a
/// patch is at least 64 pixels wide; a pixel belongs to a patch if its centre lies in it. Memory: a row of the level's tiles, and the
/// positions. Throws Error, Cancelled.
void keep_class(std::vector<PatchPlace>& places, const core::Frame& frame, int size, const ResultRaster& result, std::uint8_t value,
                double min_share, const core::CancelFlag& cancel);

/// Draws `count` of the positions at random, all with the same probability, and keeps their order.
void draw(std::vector<PatchPlace>& places, std::int64_t count, std::uint64_t seed);

}  // namespace wsi_lpd::pipeline::review
