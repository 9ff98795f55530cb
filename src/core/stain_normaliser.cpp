#include "wsi_lpd/core/stain_normaliser.hpp"

#include <algorithm>
#include <cmath>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::core {
namespace {

constexpr double kMostContrast = 10;

// Tables, fine enough for a tenth of a grey level where they are byte values and half of one where they are not.
constexpr int kDensities = 8192;
constexpr double kDensityStep = 5.6 / kDensities;  // black has density 5.55
constexpr int kResponses = 4096;                   // of L, M and S from 0 to 1
constexpr int kLogarithms = 16384;                 // natural ones, from that of black to beyond white
constexpr double kLowestLogarithm = -5.6, kLogarithmStep = 6.4 / kLogarithms;

void check_contrast(double ratio) {
  if (!(ratio <= kMostContrast)) throw Error("it is so pale that only noise would be raised to the training images' contrast");
}

/// Haematoxylin, eosin, and what is at right angles to both, as columns.
Matrix3 basis(const MacenkoStain& stain) {
  const auto& [h, e] = stain.vectors;
  Vector3 rest{h[1] * e[2] - h[2] * e[1], h[2] * e[0] - h[0] * e[2], h[0] * e[1] - h[1] * e[0]};
  const double length = std::sqrt(rest[0] * rest[0] + rest[1] * rest[1] + rest[2] * rest[2]);
  Matrix3 columns{};
  for (std::size_t i = 0; i < 3; ++i) columns[i] = {h[i], e[i], rest[i] / length};
  return columns;
}

Matrix3 diagonal(const Vector3& values) { return {{{values[0], 0, 0}, {0, values[1], 0}, {0, 0, values[2]}}}; }

int table_index(float value, int size) { return static_cast<int>(std::clamp(value, 0.0F, static_cast<float>(size - 1))); }
std::uint8_t byte_of(float value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0F, 255.0F)); }

}  // namespace

StainNormaliser::StainNormaliser(StainMethod method, const StainStatistics& from, const StainStatistics& to) : method_(method) {
  if (method == StainMethod::Macenko) {
    Vector3 factors{1, 1, 1};
    for (std::size_t s = 0; s < 2; ++s) check_contrast(factors[s] = to.macenko->concentrations[s] / from.macenko->concentrations[s]);
    const Matrix3 matrix = basis(*to.macenko) * diagonal(factors) * inverse(basis(*from.macenko));
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t value = 0; value < 256; ++value) {
        for (std::size_t i = 0; i < 3; ++i)
          terms_[c][value][i] = static_cast<float>((matrix[i][c] * optical_densities()[value]) / kDensityStep + (c == 0 ? 0.5 : 0));
      }
    }
    for (int i = 0; i < kDensities; ++i) bytes_.push_back(byte_of(static_cast<float>(std::lround(256 * std::exp(-kDensityStep * i) - 1))));
    return;
  }
  Vector3 factors{};
  for (std::size_t i = 0; i < 3; ++i) check_contrast(factors[i] = to.reinhard->deviation[i] / from.reinhard->deviation[i]);
  const Matrix3 log_from_lab = inverse(kLabFromLog), matrix = log_from_lab * diagonal(factors) * kLabFromLog;
  const Vector3 shift = log_from_lab * to.reinhard->mean, shifted = log_from_lab * (diagonal(factors) * from.reinhard->mean);
  const Matrix3 rgb_from_lms = inverse(kLmsFromRgb);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t value = 0; value < 256; ++value)
        terms_[c][value][i] =
            static_cast<float>(kLmsFromRgb[i][c] * static_cast<double>(value + 1) / 256 * kResponses + (c == 0 ? 0.5 : 0));
      change_[c][i] = static_cast<float>(matrix[i][c] / kLogarithmStep);
      rgb_from_lms_[c][i] = static_cast<float>(256 * rgb_from_lms[i][c]);
    }
    // Statistics are in decimal logarithms, the tables in natural ones.
    change_[3][i] = static_cast<float>((std::log(10.0) * (shift[i] - shifted[i]) - kLowestLogarithm) / kLogarithmStep + 0.5);
  }
  for (auto& channel : terms_) {  // from half the density of tissue on
    for (std::size_t value = 0; value < 256; ++value)
      channel[value][3] = static_cast<float>((2 * optical_densities()[value] / kTissueDensity - 1) / 3);
  }
  logarithms_.resize(kResponses + 1);
  for (int i = 0; i <= kResponses; ++i)
    logarithms_[static_cast<std::size_t>(i)] = std::log(static_cast<float>(std::max(i, 1)) / kResponses);
  powers_.resize(kLogarithms);
  for (int i = 0; i < kLogarithms; ++i)
    powers_[static_cast<std::size_t>(i)] = static_cast<float>(std::exp(kLowestLogarithm + kLogarithmStep * i));
}

void StainNormaliser::apply(ImageView<std::uint8_t> rgb) const {
  for (std::int64_t y = 0; y < rgb.height; ++y) {
    if (method_ == StainMethod::Macenko)
      apply_macenko(rgb.row(y), rgb.width);
    else
      apply_reinhard(rgb.row(y), rgb.width);
  }
}

void StainNormaliser::apply_macenko(std::uint8_t* pixel, std::int64_t count) const {
  for (const std::uint8_t* end = pixel + 3 * count; pixel != end; pixel += 3) {
    const Float4 &red = terms_[0][pixel[0]], &green = terms_[1][pixel[1]], &blue = terms_[2][pixel[2]];
    Float4 density;
    for (std::size_t i = 0; i < 4; ++i) density[i] = red[i] + green[i] + blue[i];
    for (std::size_t i = 0; i < 3; ++i) pixel[i] = bytes_[static_cast<std::size_t>(table_index(density[i], kDensities))];
  }
}

void StainNormaliser::apply_reinhard(std::uint8_t* pixel, std::int64_t count) const {
  for (const std::uint8_t* end = pixel + 3 * count; pixel != end; pixel += 3) {
    const Float4 &red = terms_[0][pixel[0]], &green = terms_[1][pixel[1]], &blue = terms_[2][pixel[2]];
    Float4 lms, changed = change_[3], result{-0.5F, -0.5F, -0.5F, 0};  // − 1 for the byte's own offset, + ½ to round
    for (std::size_t i = 0; i < 4; ++i) lms[i] = red[i] + green[i] + blue[i];
    for (std::size_t c = 0; c < 3; ++c) {
      const float logarithm = logarithms_[static_cast<std::size_t>(table_index(lms[c], kResponses + 1))];
      for (std::size_t i = 0; i < 4; ++i) changed[i] += change_[c][i] * logarithm;
    }
    for (std::size_t c = 0; c < 3; ++c) {
      const float power = powers_[static_cast<std::size_t>(table_index(changed[c], kLogarithms))];
      for (std::size_t i = 0; i < 4; ++i) result[i] += rgb_from_lms_[c][i] * power;
    }
    const float share = std::clamp(lms[3], 0.0F, 1.0F);
    for (std::size_t i = 0; i < 3; ++i) {
      const float before = static_cast<float>(pixel[i]) + 0.5F;
      pixel[i] = byte_of(before + share * (std::clamp(result[i], 0.0F, 255.5F) - before));
    }
  }
}

}  // namespace wsi_lpd::core
