#pragma once
#include <array>
#include <cmath>
#include <cstdint>

#include "wsi_lpd/core/host_device.hpp"

namespace wsi_lpd::crf {

/// A point of the permutohedral lattice (Adams, Baek & Davis 2010) as an integer. The D + 1 coordinates of a point are equal modulo D + 1
/// and sum to 0: the remainder and the first D quotients say it all.
template <int D>
struct LatticeKey {
  static constexpr int kRemainderBits = 4;
  static constexpr int kBits = (64 - kRemainderBits) / D;
  static constexpr std::int64_t kBias = std::int64_t{1} << (kBits - 1);
  /// Quotients up to here, neighbours included, neither leave their bits nor the integers that a float counts.
  static constexpr std::int64_t kLargest = kBias - 2 < (std::int64_t{1} << 21) ? kBias - 2 : std::int64_t{1} << 21;

  /// One more in quotient j; the last is not stored.
  WSI_LPD_HOST_DEVICE static constexpr std::uint64_t unit(int j) { return j < D ? std::uint64_t{1} << (kRemainderBits + kBits * j) : 0; }
  WSI_LPD_HOST_DEVICE static constexpr std::uint64_t all_units() {
    std::uint64_t sum = 0;
    for (int j = 0; j < D; ++j) sum += unit(j);
    return sum;
  }
  /// Coordinates + 1 everywhere but − D at j.
  WSI_LPD_HOST_DEVICE static constexpr std::uint64_t after(std::uint64_t key, int j) {
    const std::uint64_t next = key - unit(j);
    return (key & ((1 << kRemainderBits) - 1)) < D ? next + 1 : next - D + all_units();
  }
};

/// What feature `j` (1 … dimensions) is multiplied by before the elevation onto the hyperplane of zero sum, as the blur's width asks for.
inline float elevation_scale(int dimensions, int j) {
  return static_cast<float>(1 / std::sqrt(static_cast<double>((j + 1) * j)) * (std::sqrt(2.0 / 3) * (dimensions + 1)));
}

/// Features of the places of pixels, with the kernel's `sigma`. The lattice looks the same √3 sigmas further along the first feature and
/// 3 along the second: a shift by whole periods takes the larger picture's origin near 0, where floats are fine.
struct LatticePositions {
  float sigma, left, top;  ///< pixels

  LatticePositions(float pixels, std::int64_t origin_x, std::int64_t origin_y)
      : sigma(pixels),
        left(static_cast<float>(std::fmod(static_cast<double>(origin_x), std::sqrt(3.0) * static_cast<double>(pixels)))),
        top(static_cast<float>(std::fmod(static_cast<double>(origin_y), 3.0 * static_cast<double>(pixels)))) {}
  WSI_LPD_HOST_DEVICE float x(std::int64_t pixel) const { return (static_cast<float>(pixel) + left) / sigma; }
  WSI_LPD_HOST_DEVICE float y(std::int64_t pixel) const { return (static_cast<float>(pixel) + top) / sigma; }
};

/// Throws UsageError when features up to `largest` would leave the keys: a sigma is too small for an image of `width` x `height` pixels.
template <int D>
void check_reach(const std::array<float, D>& largest, std::int64_t width, std::int64_t height);

}  // namespace wsi_lpd::crf
