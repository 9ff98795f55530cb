#pragma once
#include <optional>
#include <vector>

#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::slide {

/// Sharpness below this is out of focus: a Gaussian blur of σ ≥ 3 pixels brings the median of every slide that was measured below it
/// (0.20-0.33), while sharp tiles have 0.42-0.75.
inline constexpr float kOutOfFocus = 0.35F;

/// How sharp an RGB tile is, 0…1: the share of its grey-level differences that vanishes when the tile is blurred once more,
/// 1 − the blur of Crété et al. (2007). What is blurred already loses little. As a ratio it depends neither on the strength of the stain
/// nor on the brightness of the scan. Luminance is averaged over 2 × 2 pixels first: the noise of camera and compression must not count as
/// detail. NaN where there is nothing to focus on (glass, an even tint, fewer than 16 pixels a side). Thread-safe.
float sharpness(ImageView<const std::uint8_t> rgb);

/// Of the tiles of one slide.
struct FocusSummary {
  std::optional<double> median;        ///< nothing where no tile has a sharpness
  std::optional<double> out_of_focus;  ///< share of the tiles with a sharpness that are below kOutOfFocus
};
FocusSummary summarise_focus(std::vector<float> sharpnesses);

}  // namespace wsi_lpd::slide
