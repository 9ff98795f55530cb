#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::slide {

/// Tells glass from tissue, pixel by pixel, on pictures of one slide at the network's resolution. A pixel is glass where the mean of the
/// 3 × 3 pixels around it takes away no more light than the slide's own glass does, in any colour (see find_parts): decimal absorbance
/// up to 0.05 in the mean of the channels, which differ by up to 0.03. More light than the glass's counts as none taken away: empty spaces
/// in thick tissue shine brighter than glass under a cover slip. Thread-safe.
class GlassFinder {
 public:
  /// A finder for the slide that `thumbnail` (RGB) shows. Nothing where less than 1 % of it can be glass: the look of the slide's glass is
  /// then unknown.
  static std::optional<GlassFinder> of(const core::Image& thumbnail);

  /// `glass`, of the size of `rgb`: 1 where a pixel is glass, else 0.
  void find(core::ImageView<const std::uint8_t> rgb, core::ImageView<std::uint8_t> glass) const;

 private:
  explicit GlassFinder(const std::array<double, 3>& light);
  std::array<std::array<std::int32_t, 256>, 3> absorbance_;  // in units of 1e-6, not below 0
};

}  // namespace wsi_lpd::slide
