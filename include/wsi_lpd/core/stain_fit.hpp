#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::core {

/// The stain of one image: mean and deviation of l, α, β over its tissue pixels.
using StainVector = std::array<double, 6>;

/// The stain of an RGB image from every n-th pixel of every n-th row, n being its width / 56 rounded down (at least 1), so that a tile
/// costs little and is measured as a training image of its size is. Nothing if less than a tenth of these pixels are tissue
/// (StainSample::add). Thread-safe.
std::optional<StainVector> stain_vector(ImageView<const std::uint8_t> rgb);

/// How the stains of a model's training images lie, to tell how far that of another image is from them.
struct StainFit {
  StainVector mean{};
  std::array<StainVector, 6> form{};  ///< M, symmetric
  std::int64_t images = 0;            ///< that it was fitted on

  /// √((v − mean)ᵀ M (v − mean)). It is above 1 for about 1 % of images that are like the training's. Thread-safe.
  double distance(const StainVector& stain) const;
  bool operator==(const StainFit&) const = default;
};

}  // namespace wsi_lpd::core
