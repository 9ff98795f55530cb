#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "wsi_lpd/core/counter_random.hpp"
#include "wsi_lpd/core/quantile.hpp"

// The bootstrap (Efron, Annals of Statistics 7, 1979) with draws from a counter, so that its intervals are reproducible. Every function
// here is thread-safe.
namespace wsi_lpd::core {

/// The index, below `count`, that draw number `counter` of the sequence `seed` takes: (hash(seed, counter) >> 32) · count >> 32.
inline std::uint64_t draw_index(std::uint64_t seed, std::uint64_t counter, std::uint64_t count) {
  return ((hash(seed, counter) >> 32U) * count) >> 32U;
}

/// The 95 % percentile interval of a figure: the 2.5th and the 97.5th percentile (quantile()) of what its resamples gave, at least one.
inline std::array<double, 2> percentile_interval(std::vector<double> resampled) {
  std::ranges::sort(resampled);
  return {quantile(resampled, 0.025), quantile(resampled, 0.975)};
}

/// The mean of at least one value; exactly that value where all are equal.
inline double mean(const std::vector<double>& values) {
  double beyond = 0;
  for (const double value : values) beyond += value - values.front();
  return values.front() + beyond / static_cast<double>(values.size());
}

/// The means of `resamples` samples of n = values.size() ≥ 1 values, drawn from `values` with replacement. Draw i of resample r takes
/// values[draw_index(seed, r·n + i, n)].
inline std::vector<double> resampled_means(const std::vector<double>& values, std::uint64_t seed, std::size_t resamples) {
  const std::size_t n = values.size();
  std::vector<double> means, sample(n);
  means.reserve(resamples);
  for (std::size_t r = 0; r < resamples; ++r) {
    for (std::size_t i = 0; i < n; ++i) sample[i] = values[draw_index(seed, r * n + i, n)];
    means.push_back(mean(sample));
  }
  return means;
}

}  // namespace wsi_lpd::core
