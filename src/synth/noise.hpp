#pragma once
#include <cmath>
#include <cstdint>

#include "wsi_lpd/core/counter_random.hpp"

// Randomness as a pure function of place, after Perlin's idea: the same number for the same seed and lattice point, in any order.
namespace wsi_lpd::synth {

/// mix_bits() over a seed and a lattice point.
inline std::uint64_t hash(std::uint64_t seed, std::int64_t x, std::int64_t y = 0) {
  return core::mix_bits(seed + static_cast<std::uint64_t>(x) * 0x9E3779B97F4A7C15ULL +
                        static_cast<std::uint64_t>(y) * 0xD1B54A32D192ED03ULL);
}

/// A stream of independent numbers of one place.
class Dice {
 public:
  explicit Dice(std::uint64_t state) : state_(state) {}
  /// Uniform in [0, 1).
  double roll() { return static_cast<double>((state_ = hash(state_, 1)) >> 11) * 0x1p-53; }
  double roll(double low, double high) { return low + (high - low) * roll(); }

 private:
  std::uint64_t state_;
};

inline double smooth(double t) { return t * t * (3 - 2 * t); }
/// 0 below 0, 1 above 1, smooth between.
inline double smooth_step(double t) { return t <= 0 ? 0 : t >= 1 ? 1 : smooth(t); }

/// Value noise: uniform numbers on the integer lattice, smoothly interpolated; mean 0.5.
inline double noise(std::uint64_t seed, double x, double y) {
  const double floor_x = std::floor(x), floor_y = std::floor(y);
  const auto ix = static_cast<std::int64_t>(floor_x), iy = static_cast<std::int64_t>(floor_y);
  const auto value = [&](std::int64_t dx, std::int64_t dy) { return static_cast<double>(hash(seed, ix + dx, iy + dy) >> 40) * 0x1p-24; };
  const double tx = smooth(x - floor_x), ty = smooth(y - floor_y);
  const double top = value(0, 0) + tx * (value(1, 0) - value(0, 0));
  const double bottom = value(0, 1) + tx * (value(1, 1) - value(0, 1));
  return top + ty * (bottom - top);
}

/// Three octaves of it, mean 0.5.
inline double cloud(std::uint64_t seed, double x, double y) {
  return (4 * noise(seed, x, y) + 2 * noise(seed + 1, 2 * x, 2 * y) + noise(seed + 2, 4 * x, 4 * y)) / 7;
}

}  // namespace wsi_lpd::synth
