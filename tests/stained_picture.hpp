#pragma once
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "wsi_lpd/core/stain.hpp"

namespace wsi_lpd::testing {

/// A laboratory's stains: unit vectors of optical density, and how strong they are.
struct Laboratory {
  std::array<core::Vector3, 2> vectors;
  std::array<double, 2> strength;
};

inline core::Vector3 unit_vector(double red, double green, double blue) {
  const double length = std::sqrt(red * red + green * green + blue * blue);
  return {red / length, green / length, blue / length};
}
inline const Laboratory kHere{{unit_vector(0.65, 0.70, 0.29), unit_vector(0.17, 0.95, 0.26)}, {1, 1}};
inline const Laboratory kElsewhere{{unit_vector(0.52, 0.80, 0.32), unit_vector(0.25, 0.88, 0.40)}, {1.4, 0.7}};

/// Amounts of haematoxylin and eosin: a tenth of the pixels have each alone, the others a mixture, all enough to be no glass.
inline std::array<double, 2> stain_amounts(std::mt19937& random) {
  std::uniform_real_distribution<double> amount(0.9, 1.6);
  const double haematoxylin = amount(random), eosin = amount(random), share = std::uniform_real_distribution<double>(-0.125, 1.125)(random);
  const double mixed = std::clamp(share, 0.0, 1.0);
  return {haematoxylin * mixed, eosin * (1 - mixed)};
}

/// What `amounts` look like in a laboratory's stain.
inline std::array<std::uint8_t, 3> stained(const std::array<double, 2>& amounts, const Laboratory& laboratory) {
  std::array<std::uint8_t, 3> pixel{};
  for (std::size_t c = 0; c < 3; ++c) {
    const double density =
        amounts[0] * laboratory.strength[0] * laboratory.vectors[0][c] + amounts[1] * laboratory.strength[1] * laboratory.vectors[1][c];
    pixel[c] = static_cast<std::uint8_t>(std::clamp(std::lround(256 * std::exp(-density) - 1), 0L, 255L));
  }
  return pixel;
}

/// The same tissue for the same seed, whatever the laboratory.
inline core::Image stained_picture(std::int64_t width, std::int64_t height, const Laboratory& laboratory, unsigned seed = 1) {
  core::Image picture(width, height, 3);
  std::mt19937 random(seed);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const auto pixel = stained(stain_amounts(random), laboratory);
      std::copy(pixel.begin(), pixel.end(), picture.at(x, y));
    }
  }
  return picture;
}

inline double degrees_between(const core::Vector3& a, const core::Vector3& b) {
  return std::acos(std::min(1.0, a[0] * b[0] + a[1] * b[1] + a[2] * b[2])) * 180 / 3.14159265358979;
}

/// Both methods' statistics of one picture.
inline core::StainStatistics stain_of_picture(const core::Image& picture, std::int64_t step = 1) {
  core::StainSample sample;
  sample.add(picture.view(), step);
  core::StainStatistics statistics = sample.statistics(core::StainMethod::Macenko);
  statistics.reinhard = sample.statistics(core::StainMethod::Reinhard).reinhard;
  return statistics;
}

}  // namespace wsi_lpd::testing
