#pragma once
#include <filesystem>
#include <vector>

#include "result_raster.hpp"
#include "wsi_lpd/core/tissue_mask.hpp"
#include "wsi_lpd/pipeline/review/cut_patches.hpp"

namespace wsi_lpd::pipeline::review {

/// A place of a slide to cut a patch from.
struct PatchPlace {
  std::int64_t x = 0, y = 0;  ///< top left, output pixels
  double tissue = 0;          ///< share of it that is tissue
  double of_class = 0;        ///< share of it that is of the class looked for; 0 without one
};

/// The places of `size` pixels on the grid that plan_tiles lays, wholly within the frame, with enough tissue; in its order.
std::vector<PatchPlace> places_with_tissue(const core::Frame& frame, const core::TissueMask& tissue, int size, const TileOptions& options);

/// Keeps the places that are mostly of a class, by a label pyramid. It is read on the coarsest level on which a patch is at least 64 pixels
/// wide; a patch has the pixels whose centres lie in it. Memory: a row of the level's tiles, and the places. Throws Error.
void keep_class(std::vector<PatchPlace>& places, const core::Frame& frame, int size, const ResultRaster& result, std::uint8_t value,
                double min_share, const core::CancelFlag& cancel);

/// Draws `count` of the places at random, all with the same probability; in their order.
void draw(std::vector<PatchPlace>& places, std::int64_t count, std::uint64_t seed);

}  // namespace wsi_lpd::pipeline::review
