#pragma once
#include <vector>

#include "wsi_lpd/core/tissue_mask.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::slide {

struct TissueOptions {
  std::int64_t longest = 2048;     ///< thumbnail side on which tissue is sought, pixels
  double smallest_mm2 = 0.02;      ///< tissue islands below this are specks (needs µm/px; without it, 1/20000 of the thumbnail)
  double largest_hole_mm2 = 0.02;  ///< holes below this are filled
};

/// Tissue by Otsu's threshold (Otsu 1979) on saturation or on darkness, whichever separates better, with specks removed and small
/// holes filled. The threshold is sought again below itself until what stays below is one thing: pale tissue is not lost beside dark
/// tissue. A slide that is all glass gives an empty mask, one that is all tissue a full one: both are results, not errors. Parts of the
/// slide that can't be decoded count as tissue, so that they are visited and reported instead of passing for glass.
TissueMask find_tissue(const Reader& reader, const TissueOptions& options = {});

/// The same on an RGB picture that covers `area` (level-0); `mpp` is the picture's µm/px or 0, `unreadable` what `thumbnail` says of it.
TissueMask find_tissue(const Image& rgb, const Rect& area, double mpp, const TissueOptions& options = {},
                       const std::vector<Rect>& unreadable = {});

/// A user's mask (1 channel, non-zero is tissue) that covers the slide's level 0 (or bounds) evenly. Throws Error when its aspect
/// ratio is not the slide's within 2 %.
TissueMask tissue_from_image(const Image& mask, const Properties& slide);

}  // namespace wsi_lpd::slide
