#include "stain_jitter.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "wsi_lpd/core/colour_space.hpp"

namespace wsi_lpd::pipeline::training {
namespace {

/// Optical densities in red, green and blue of one unit of haematoxylin, eosin and DAB.
constexpr core::Matrix3 kStains{{{0.65, 0.70, 0.29}, {0.07, 0.99, 0.11}, {0.27, 0.57, 0.78}}};
constexpr double kShiftShare = 0.2;

}  // namespace

void jitter_stain(core::ImageView<std::uint8_t> image, double strength, std::uint64_t seed) {
  static const core::Matrix3 kUnmix = core::inverse(kStains);
  std::mt19937_64 random(seed);
  const auto draw = [&] { return strength * (2 * static_cast<double>(random() >> 11U) * 0x1p-53 - 1); };
  // density · unmix · diag(factor) · stains + shift · stains: one matrix and one vector for all pixels
  std::array<std::array<float, 3>, 3> mix{};
  std::array<float, 3> offset{};
  for (std::size_t stain = 0; stain < 3; ++stain) {
    const double factor = 1 + draw(), shift = kShiftShare * draw();
    for (std::size_t to = 0; to < 3; ++to) {
      offset[to] += static_cast<float>(shift * kStains[stain][to]);
      for (std::size_t from = 0; from < 3; ++from) mix[from][to] += static_cast<float>(kUnmix[from][stain] * factor * kStains[stain][to]);
    }
  }
  const std::array<float, 256>& density = core::optical_densities();
  for (std::int64_t y = 0; y < image.height; ++y) {
    std::uint8_t* pixel = image.row(y);
    for (std::int64_t x = 0; x < image.width; ++x, pixel += 3) {
      const float red = density[pixel[0]], green = density[pixel[1]], blue = density[pixel[2]];
      for (std::size_t c = 0; c < 3; ++c) {
        const float changed = red * mix[0][c] + green * mix[1][c] + blue * mix[2][c] + offset[c];
        pixel[c] = static_cast<std::uint8_t>(std::clamp(256 * std::exp(-changed) - 0.5F, 0.0F, 255.0F));
      }
    }
  }
}

}  // namespace wsi_lpd::pipeline::training
