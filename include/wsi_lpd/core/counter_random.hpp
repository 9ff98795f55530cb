#pragma once
#include <cstdint>

namespace wsi_lpd {

/// Counter-based random numbers (splitmix64): draw number `counter` of the sequence `seed`. Any draw can be made without the draws before
/// it. Thread-safe.
inline std::uint64_t hash(std::uint64_t seed, std::uint64_t counter) {
  std::uint64_t x = seed * 0x9E3779B97F4A7C15U + counter + 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

/// The same as a number in [0, 1).
inline double uniform(std::uint64_t seed, std::uint64_t counter) { return static_cast<double>(hash(seed, counter) >> 11U) * 0x1p-53; }

}  // namespace wsi_lpd
