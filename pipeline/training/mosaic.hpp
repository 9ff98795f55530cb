#pragma once
// Private to pipeline/: training images put together from images that show one class each, so that the class of almost every pixel is
// known.
#include <cstdint>
#include <span>
#include <vector>

#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::pipeline::training {

struct Mosaic {
  core::Image rgb;                    ///< [S, S, 3]
  std::vector<double> shares;         ///< [pieces]: share of the pixels that are nearest to the piece
  std::vector<std::uint8_t> classes;  ///< [S · S]: the class of each pixel, or model::network::kUnknownPixel on glass and along the borders
};

/// Divides a square among `pieces`, RGB [S, S, 3] of tissue of one class each; `classes` names the class of each piece. Borders are
/// straight or curved, and feathered. The mean direction of the pieces' optical densities is made that of the first, so that a piece can't
/// be told by its stain. A pure function of its arguments.
Mosaic make_mosaic(const std::vector<core::Image>& pieces, std::span<const std::uint8_t> classes, std::uint64_t seed);

}  // namespace wsi_lpd::pipeline::training
