#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "patch_tables.hpp"
#include "result_raster.hpp"
#include "wsi_lpd/core/tissue_mask.hpp"
#include "wsi_lpd/pipeline/review/cut_patches.hpp"

namespace wsi_lpd::pipeline::review {

/// The position of a patch on a slide.
struct PatchPlace {
  std::int64_t x = 0, y = 0;  ///< top left, output pixels
  double tissue = 0;          ///< share of tissue in the patch
  double of_class = 0;        ///< share of the wanted class in the patch; 0 without a class
  std::optional<Uncertainty> uncertainty{};
};

/// Sums of the pixels of a raster over patches, a row of the raster after the other. A pixel belongs to a patch if its centre lies in it.
class PatchSums {
 public:
  /// `places` row by row, as places_with_tissue() gives them. The raster's top left is at `origin`, level-0 pixels; its pixels are `pitch`
  /// level-0 pixels wide.
  PatchSums(const std::vector<PatchPlace>& places, const core::Frame& frame, int size, core::Point origin, double pitch, core::Size raster);
  /// Whether a patch may have pixels in this row or in one below.
  bool wants(std::int64_t y);
  /// Whether a patch may have pixels in this row, after wants(y).
  bool meets(std::int64_t y) const { return patches_[first_].rows.first <= y; }
  /// Adds row y, by the sums of its first 0, 1, … width values. Rows come from top to bottom; those that no patch meets may be left out.
  void add(std::int64_t y, const std::vector<double>& sums);
  /// The mean over the pixels of the patch of place i; NaN without any.
  double mean(std::size_t i) const;

 private:
  struct Span {
    std::int64_t first, end;
  };
  struct Patch {
    Span columns, rows;
    double sum = 0;
  };
  static Span pixels_in(double begin, double end, double offset, double pitch, std::int64_t count);

  std::vector<Patch> patches_;
  std::size_t first_ = 0;  // all before it are complete
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
