#pragma once
#include <optional>
#include <vector>

#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::slide {

/// Sharpness below this is out of focus: the tiles of sharp slides have medians of 0.50-0.69, and of 0.21-0.33 after a Gaussian blur of
/// σ = 3 pixels.
inline constexpr float kOutOfFocus = 0.35F;
/// Share of a slide's tiles out of focus that its user should hear of.
inline constexpr double kManyOutOfFocus = 0.2;

/// How sharp an RGB tile is, 0…1: the share of its grey-level differences that vanishes when the tile is blurred once more,
/// 1 − the blur of Crété et al. (2007). What is blurred already loses little. As a ratio it depends neither on the strength of the stain
/// nor on the brightness of the scan. Luminance is averaged over 2 × 2 pixels first: the noise of camera and compression must not count as
/// detail. NaN where there is nothing to focus on (glass, an even tint, fewer than 16 pixels a side). Thread-safe.
float sharpness(core::ImageView<const std::uint8_t> rgb);

/// Of the tiles of one slide.
struct FocusSummary {
  std::optional<double> median;        ///< nothing where no tile has a sharpness
  std::optional<double> out_of_focus;  ///< share of the tiles with a sharpness that are below kOutOfFocus
};
FocusSummary summarise_focus(std::vector<float> sharpnesses);

}  // namespace wsi_lpd::slide
