#pragma once
// What the kernels of the CRF compute, for one element each, as crf/ does on the CPU: compiled for the CPU and, by nvcc, for GPUs.
// N pixels of an image, P lattice points, L labels; a pixel lies between D + 1 points, its corners.
#include <cmath>
#include <cstdint>

#include "wsi_lpd/core/host_device.hpp"
#include "wsi_lpd/crf/lattice_geometry.hpp"

namespace wsi_lpd::model::cuda {

/// A pixel: its corners and their barycentric weights (Adams, Baek & Davis 2010, section 3).
template <int D>
struct EmbedPixel {
  const std::uint8_t* rgb;  ///< [H, W, 3]; used where D = 5
  std::int64_t width;
  crf::LatticePositions positions;
  float sigma_rgb;
  float scale[D + 1];  ///< crf::elevation_scale() of features 1 to D
  std::int64_t* keys;  ///< [N, D + 1]: crf::LatticeKey
  float* weights;      ///< [N, D + 1]

  WSI_LPD_HOST_DEVICE void operator()(std::int64_t i) const {
    using Key = crf::LatticeKey<D>;
    constexpr float kInverse = 1.0F / (D + 1);
    float feature[D] = {positions.x(i % width), positions.y(i / width)};
    for (int c = 2; c < D; ++c) feature[c] = static_cast<float>(rgb[3 * i + c - 2]) / sigma_rgb;
    float elevated[D + 1], sum = 0;
    for (int j = D; j > 0; --j) {
      const float scaled = feature[j - 1] * scale[j];
      elevated[j] = sum - static_cast<float>(j) * scaled;
      sum += scaled;
    }
    elevated[0] = sum;

    float gap[D + 1];  // distance to the nearest point of remainder 0
    std::int32_t quotient[D + 1], rank[D + 1], excess = 0;
    for (int j = 0; j <= D; ++j) {
      const float nearest = std::rint(elevated[j] * kInverse);
      gap[j] = elevated[j] - nearest * (D + 1);
      quotient[j] = static_cast<std::int32_t>(nearest);
      excess += quotient[j];
    }
    for (std::int32_t& r : rank) r = excess;
    for (int a = 0; a <= D; ++a)
      for (int b = a + 1; b <= D; ++b) ++(gap[a] < gap[b] ? rank[a] : rank[b]);

    float gap_of_rank[D + 1];
    std::uint64_t unit_of_rank[D + 1], key = 0;
    for (int j = 0; j <= D; ++j) {
      const std::int32_t wrap = (rank[j] < 0) - (rank[j] > D);
      const std::int32_t r = rank[j] + wrap * (D + 1);
      gap_of_rank[r] = (gap[j] - static_cast<float>(wrap * (D + 1))) * kInverse;
      unit_of_rank[r] = Key::unit(j);
      key += static_cast<std::uint64_t>(quotient[j] + wrap + Key::kBias) * Key::unit(j);
    }
    for (int r = 0; r <= D; ++r) {
      keys[i * (D + 1) + r] = static_cast<std::int64_t>(key);
      weights[i * (D + 1) + r] = r == 0 ? gap_of_rank[D] + (1 - gap_of_rank[0]) : gap_of_rank[D - r] - gap_of_rank[D + 1 - r];
      key += 1 - unit_of_rank[D - r];  // the point of remainder r + 1
    }
  }
};

/// A lattice point: its neighbours along one direction.
template <int D>
struct LinkPoint {
  const std::int64_t* keys;  ///< [P], ascending
  std::int64_t points;
  int direction;
  std::int64_t *after, *before;  ///< [P]; −1 before the call: none

  WSI_LPD_HOST_DEVICE void operator()(std::int64_t p) const {
    const auto wanted = static_cast<std::int64_t>(crf::LatticeKey<D>::after(static_cast<std::uint64_t>(keys[p]), direction));
    std::int64_t low = 0, high = points;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (keys[middle] < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == points || keys[low] != wanted) return;
    after[p] = low;
    before[low] = p;  // of one point only
  }
};

/// An element of [P, L]: the sum of the pixels around a point.
struct SplatPoint {
  const float* values;            ///< [N, L]
  const float* scale;             ///< [N]
  const float* weights;           ///< [N, corners]
  const std::int64_t* first;      ///< [P + 1] into `corner_of`
  const std::int64_t* corner_of;  ///< [N · corners]: the corners at point 0, at point 1, …, by their place in `weights`
  std::int64_t corners, labels;
  float* out;  ///< [P, L]

  WSI_LPD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t p = i / labels, l = i % labels;
    float sum = 0;
    for (std::int64_t e = first[p]; e < first[p + 1]; ++e) {
      const std::int64_t corner = corner_of[e], pixel = corner / corners;
      sum += weights[corner] * (values[pixel * labels + l] * scale[pixel]);
    }
    out[i] = sum;
  }
};

/// An element of [P, L]: a step of the blur along one direction.
struct BlurPoint {
  const float* values;                 ///< [P, L]
  const std::int64_t *after, *before;  ///< [P]; −1: none
  std::int64_t labels;
  float* out;  ///< [P, L]

  WSI_LPD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t p = i / labels, l = i % labels;
    const float previous = before[p] < 0 ? 0 : values[before[p] * labels + l], next = after[p] < 0 ? 0 : values[after[p] * labels + l];
    out[i] = values[i] + 0.5F * (previous + next);
  }
};

/// The message of a blurred lattice to a pixel.
struct SlicedLattice {
  const std::int64_t* points;  ///< [N, corners]
  const float* weights;        ///< [N, corners]
  const float* scale;          ///< [N]
  const float* values;         ///< [P, L]
  std::int64_t corners;
  float gain;

  WSI_LPD_HOST_DEVICE float message(std::int64_t pixel, std::int64_t label, std::int64_t labels) const {
    float sum = 0;
    for (std::int64_t c = pixel * corners; c < (pixel + 1) * corners; ++c) sum += weights[c] * values[points[c] * labels + label];
    return gain * scale[pixel] * sum;
  }
};

/// A pixel: 1 / √(row sum of the kernel), from a lattice that was given ones, with a scale of ones.
struct ScalePixel {
  SlicedLattice lattice;
  float* out;  ///< [N]

  WSI_LPD_HOST_DEVICE void operator()(std::int64_t pixel) const { out[pixel] = 1 / std::sqrt(lattice.message(pixel, 0, 1) + 1e-20F); }
};

/// A pixel: Q = softmax(Σ messages − unary).
struct UpdatePixel {
  SlicedLattice lattices[2];
  int count;           ///< of the lattices
  const float* unary;  ///< [N, L]
  std::int64_t labels;
  float* q;  ///< [N, L]

  WSI_LPD_HOST_DEVICE void operator()(std::int64_t pixel) const {
    float* const out = q + pixel * labels;
    float largest = 0, sum = 0;
    for (std::int64_t l = 0; l < labels; ++l) {
      float logit = -unary[pixel * labels + l];
      for (int k = 0; k < count; ++k) logit += lattices[k].message(pixel, l, labels);
      out[l] = logit;
      largest = l == 0 || logit > largest ? logit : largest;
    }
    for (std::int64_t l = 0; l < labels; ++l) sum += out[l] = std::exp(out[l] - largest);
    for (std::int64_t l = 0; l < labels; ++l) out[l] /= sum;
  }
};

}  // namespace wsi_lpd::model::cuda
