#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/core/stain.hpp"

namespace wsi_lpd::core {

/// Gives images the colours that they would have in another stain. Pixel by pixel through tables; thread-safe.
/// Macenko: amounts of the two stains are scaled by the ratio of their 99th percentiles and take the other stain's vectors; density that no
/// mixture of the two explains (pigment, red blood cells) stays as it is. Reinhard: mean and deviation of l, α, β become the other's;
/// glass, which has no part in them, stays as it is, and what is paler than tissue changes by degrees.
class StainNormaliser {
 public:
  /// `from` are the images' statistics, `to` the wanted ones; both must have those of `method`, which must not be None. Throws Error where
  /// contrast would be raised more than tenfold: nothing but noise.
  StainNormaliser(StainMethod method, const StainStatistics& from, const StainStatistics& to);
  /// RGB, in place. White stays white; equal statistics give the image itself within one grey level.
  void apply(ImageView<std::uint8_t> rgb) const;

 private:
  using Float4 = std::array<float, 4>;

  void apply_macenko(std::uint8_t* pixel, std::int64_t count) const;
  void apply_reinhard(std::uint8_t* pixel, std::int64_t count) const;

  StainMethod method_;
  std::array<std::array<Float4, 256>, 3> terms_{};  ///< what each byte of each channel adds to the sums
  std::vector<std::uint8_t> bytes_;                 ///< Macenko: by the sums, which are densities
  std::vector<float> logarithms_, powers_;          ///< Reinhard: of the sums, which are L, M, S and how sure it is tissue; and back
  std::array<Float4, 4> change_{};                  ///< Reinhard: columns of the matrix between logarithms, and what is added
  std::array<Float4, 3> rgb_from_lms_{};            ///< columns
};

}  // namespace wsi_lpd::core
