#include "wsi_lpd/core/stain_fit.hpp"

#include <algorithm>
#include <cmath>

#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/stain.hpp"

namespace wsi_lpd::core {
namespace {

constexpr std::int64_t kSide = 56;  // pixels along a side of an image that are looked at
constexpr std::int64_t kParts = 10;

}  // namespace

std::optional<StainVector> stain_vector(ImageView<const std::uint8_t> rgb) {
  const std::int64_t step = std::max<std::int64_t>(1, rgb.width / kSide);
  StainSample sample;
  sample.add(rgb, step);
  const std::int64_t seen = divide_up(rgb.width, step) * divide_up(rgb.height, step);
  if (sample.pixels() == 0 || static_cast<std::int64_t>(sample.pixels()) * kParts < seen) return {};
  const ReinhardStain stain = sample.moments();
  return StainVector{stain.mean[0], stain.mean[1], stain.mean[2], stain.deviation[0], stain.deviation[1], stain.deviation[2]};
}

double StainFit::distance(const StainVector& stain) const {
  double sum = 0;
  for (std::size_t i = 0; i < stain.size(); ++i) {
    for (std::size_t j = 0; j < stain.size(); ++j) sum += (stain[i] - mean[i]) * form[i][j] * (stain[j] - mean[j]);
  }
  return std::sqrt(std::max(0.0, sum));
}

}  // namespace wsi_lpd::core
