#pragma once
#include <cstdint>

namespace wsi_lpd::core {

/// The finaliser of SplitMix64 (Steele et al. 2014): each bit of the result depends on all bits of `x`.
inline std::uint64_t mix_bits(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

/// Counter-based random numbers: draw number `counter` of the sequence `seed`, which needs no draws before it.
/// Thread-safe. hash(0, x) is SplitMix64's draw from the state `x`.
inline std::uint64_t hash(std::uint64_t seed, std::uint64_t counter) {
  return mix_bits(seed * 0x9E3779B97F4A7C15U + counter + 0x9E3779B97F4A7C15U);
}

/// The same as a number in [0, 1).
inline double uniform(std::uint64_t seed, std::uint64_t counter) { return static_cast<double>(hash(seed, counter) >> 11U) * 0x1p-53; }

}  // namespace wsi_lpd::core
