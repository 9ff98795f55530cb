#pragma once
#include <vector>

#include "wsi_lpd/core/tissue_mask.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::slide {

// Every function here is thread-safe.

struct TissueOptions {
  std::int64_t longest = 2048;     ///< thumbnail side on which tissue is sought, pixels
  double smallest_mm2 = 0.02;      ///< islands below this are specks, of tissue as of ink (needs µm/px; else 1/20000 of the thumbnail)
  double largest_hole_mm2 = 0.02;  ///< glass below this inside tissue is tissue: fat cells (50-150 µm), vessels, cracks
};

/// What each pixel of an RGB picture of a slide is: values of Part, one channel. `mpp` is the picture's µm/px or 0; `unreadable` are the
/// parts of it that could not be decoded, which count as tissue, so that they are visited and reported instead of passing for glass.
///
/// Everything is judged by absorbance, the decimal logarithm of the glass's light over the pixel's (Ruifrok and Johnston 2001), so that a
/// dark, a pale and a faded scan are the same slide. Glass is the brightest common colour, if it has no stain's tint; then
///   foreground  takes away more light than glass does, or not equally of all colours;
///   ink         has a hue that no mixture of haematoxylin and eosin has, in the hue-saturation-density plane of van der Laak et al.
///   (2000);
///               red ink, which has blood's hue, only where it lies on glass;
///   black       lets through next to nothing of any colour;
///   debris      has no colour and lies on glass, on a slide whose tissue has colour; or is smaller than `smallest_mm2`;
///   tissue      is the rest of the foreground, its holes below `largest_hole_mm2` filled: fat is tissue, a large lumen is glass.
/// A picture without glass is tissue where it is not ink or black. All glass, or all tissue, are results, not errors.
core::Image find_parts(const core::Image& rgb, double mpp, const TissueOptions& options = {},
                       const std::vector<core::Rect>& unreadable = {});

/// `parts`, in which glass that touches tissue at a side or a corner has become tissue.
core::Image with_rim(const core::Image& parts);

/// The tissue among the parts of a picture that covers `area` (level-0).
core::TissueMask tissue_of_parts(const core::Image& parts, const core::Rect& area);

/// find_parts() and tissue_of_parts() on the slide's thumbnail, which it reads.
core::TissueMask find_tissue(const Reader& reader, const TissueOptions& options = {});

/// find_parts() and tissue_of_parts() on an RGB picture that covers `area` (level-0); `mpp` is the picture's µm/px or 0, `unreadable` what
/// `thumbnail` says of it.
core::TissueMask find_tissue(const core::Image& rgb, const core::Rect& area, double mpp, const TissueOptions& options = {},
                             const std::vector<core::Rect>& unreadable = {});

/// A user's mask (1 channel, non-zero is tissue) that covers the slide's level 0 (or bounds) evenly. Throws Error when its aspect
/// ratio is not the slide's within 2 %.
core::TissueMask tissue_from_image(const core::Image& mask, const Properties& slide);

}  // namespace wsi_lpd::slide
