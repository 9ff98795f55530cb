#pragma once
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace wsi_lpd::core {

/// exp(x) for x ≤ 0 within 2 ulp (Cephes); the same on every processor where products and sums are not contracted, and made of what SIMD
/// has.
[[gnu::always_inline]] inline float exp_of_negative(float x) {
  x = x > -87.0F ? x : -87.0F;
  constexpr float kMagic = 12582912;  // rounds to an integer
  const float n = (x * 1.44269504F + kMagic) - kMagic;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;  // ln 2 in two parts
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = (p * r * r + r) + 1;
  return p * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

/// Sixteen floats, the widest register there is; the compiler makes two or four of them where registers are narrower.
constexpr int kLanes = 16;
using Lanes = float __attribute__((vector_size(4 * kLanes)));
using LaneBits = std::uint32_t __attribute__((vector_size(4 * kLanes)));
using IntegerLanes = std::int32_t __attribute__((vector_size(4 * kLanes)));
using ByteLanes = std::uint8_t __attribute__((vector_size(kLanes)));
using HalfLanes = std::uint16_t __attribute__((vector_size(2 * kLanes)));

/// The bits of a bfloat16: the upper half of a float's.
using Bfloat16 = std::uint16_t;

[[gnu::always_inline]] inline Lanes load(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}
[[gnu::always_inline]] inline Lanes load(const Bfloat16* from) {
  HalfLanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return reinterpret_cast<Lanes>(__builtin_convertvector(lanes, LaneBits) << 16U);
}
[[gnu::always_inline]] inline void store(Lanes lanes, float* to) { std::memcpy(to, &lanes, sizeof lanes); }
/// Rounds to nearest, ties to even; a NaN stays one as LibTorch writes it.
[[gnu::always_inline]] inline void store(Lanes lanes, Bfloat16* to) {
  const LaneBits bits = reinterpret_cast<LaneBits>(lanes);
  const HalfLanes rounded = __builtin_convertvector((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U, HalfLanes);
  std::memcpy(to, &rounded, sizeof rounded);
}

/// Rounds to the nearest of 0 … 255, halves up.
[[gnu::always_inline]] inline void store(Lanes lanes, std::uint8_t* to) {
  const Lanes low = Lanes{}, high = Lanes{} + 255.0F;
  lanes = lanes > low ? lanes : low;
  lanes = lanes < high ? lanes : high;
  const ByteLanes bytes = __builtin_convertvector(__builtin_convertvector(lanes + 0.5F, IntegerLanes), ByteLanes);
  std::memcpy(to, &bytes, sizeof bytes);
}

/// x·Φ(x), Φ the normal distribution (the exact GELU of Hendrycks & Gimpel 2016), within 3e-7 · max(1, |x|): Φ(x) − ½ is x times an even
/// polynomial, fitted to |x| ≤ 5, where Φ is 1 within 3e-7. No division, no exp.
[[gnu::always_inline]] inline Lanes gelu(Lanes x) {
  constexpr float kReach = 5;
  constexpr std::array kCoefficients{1.413637847e-01F,  -7.029642910e-02F, 5.152110010e-02F,  -4.043878987e-02F, 3.143336251e-02F,
                                     -2.329511195e-02F, 1.644989848e-02F,  -1.109088864e-02F, 6.296075415e-03F,  -2.773428801e-03F,
                                     1.847092179e-03F,  -1.575536211e-03F, 5.588380154e-04F};
  const Lanes high = Lanes{} + kReach;
  Lanes inside = x < high ? x : high;
  inside = inside > -high ? inside : -high;
  const Lanes s = inside * inside * (2 / (kReach * kReach)) - 1.0F;
  Lanes p = Lanes{} + kCoefficients.back();
#pragma GCC unroll 16
  for (std::size_t i = kCoefficients.size() - 1; i-- > 0;) p = p * s + kCoefficients[i];
  return x * (0.5F + inside * p);
}

}  // namespace wsi_lpd::core
