#include "wsi_lpd/raster/square_shares.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "wsi_lpd/core/bootstrap.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/runs.hpp"

namespace wsi_lpd::raster {

SquareShares::SquareShares(std::int64_t width, int side, int classes)
    : classes_(static_cast<std::size_t>(classes)), side_(side), band_(static_cast<std::size_t>(core::divide_up(width, side)) * classes_) {}

void SquareShares::add_row(std::span<const std::uint8_t> labels) {
  const auto side = static_cast<std::size_t>(side_);
  for (std::size_t begin = 0; begin < labels.size(); begin += side) {
    std::uint32_t* square = band_.data() + begin / side * classes_;
    const std::size_t end = std::min(begin + side, labels.size());
    for (std::size_t x = begin; x < end;) {
      const std::uint8_t value = labels[x];
      const std::size_t first = x;
      x = core::run_end(labels, x, end);
      if (value >= 1 && value <= classes_) square[value - 1U] += static_cast<std::uint32_t>(x - first);
    }
  }
  if (++rows_ == side_) finish();
}

void SquareShares::finish() {
  for (auto square = band_.begin(); square != band_.end(); square += static_cast<std::ptrdiff_t>(classes_)) {
    const auto end = square + static_cast<std::ptrdiff_t>(classes_);
    if (std::any_of(square, end, [](std::uint32_t pixels) { return pixels > 0; })) counts_.insert(counts_.end(), square, end);
  }
  std::fill(band_.begin(), band_.end(), 0U);
  rows_ = 0;
}

std::optional<double> SquareShares::mean_entropy() const {
  if (counts_.empty()) return {};
  double sum = 0;
  for (auto square = counts_.begin(); square != counts_.end(); square += static_cast<std::ptrdiff_t>(classes_)) {
    const auto end = square + static_cast<std::ptrdiff_t>(classes_);
    const auto all = static_cast<double>(std::accumulate(square, end, std::uint64_t{0}));
    for (auto pixels = square; pixels != end; ++pixels) {
      if (*pixels > 0) sum -= *pixels / all * std::log2(*pixels / all);
    }
  }
  return sum / static_cast<double>(squares());
}

std::vector<std::array<double, 2>> SquareShares::share_intervals() const {
  const auto count = static_cast<std::uint64_t>(squares());
  if (count < 2) return {};
  std::vector<std::vector<double>> shares(classes_);
  std::vector<std::uint64_t> sums(classes_);
  for (std::uint64_t resample = 0; resample < kResamples; ++resample) {
    std::fill(sums.begin(), sums.end(), 0U);
    for (std::uint64_t draw = 0; draw < count; ++draw) {
      const std::uint64_t square = core::draw_index(kSeed, resample * count + draw, count);
      for (std::size_t c = 0; c < classes_; ++c) sums[c] += counts_[square * classes_ + c];
    }
    const auto all = static_cast<double>(std::accumulate(sums.begin(), sums.end(), std::uint64_t{0}));
    for (std::size_t c = 0; c < classes_; ++c) shares[c].push_back(static_cast<double>(sums[c]) / all);
  }
  std::vector<std::array<double, 2>> intervals;
  intervals.reserve(classes_);
  for (std::vector<double>& of_class : shares) intervals.push_back(core::percentile_interval(std::move(of_class)));
  return intervals;
}

}  // namespace wsi_lpd::raster
