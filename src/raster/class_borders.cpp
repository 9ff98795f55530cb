#include "wsi_lpd/raster/class_borders.hpp"

#include <algorithm>
#include <cstring>
#include <numbers>

namespace wsi_lpd::raster {
namespace {

constexpr std::size_t kBlock = 64;  // pixels: most blocks of a raster are of one value, as is the row above

/// Columns [x − 1, x + kBlock] of both rows have one value.
bool one_value(const std::uint8_t* row, const std::uint8_t* above, std::size_t x) {
  return std::memcmp(row + x - 1, above + x - 1, kBlock + 2) == 0 && std::memcmp(row + x - 1, row + x, kBlock + 1) == 0;
}

}  // namespace

InterfaceCounter::InterfaceCounter(int classes)
    : values_(static_cast<std::size_t>(classes) + 1), straight_(values_ * values_), diagonal_(values_ * values_) {}

std::size_t InterfaceCounter::pair(std::uint8_t a, std::uint8_t b) const {
  return (a < values_ ? a : 0U) * values_ + (b < values_ ? b : 0U);
}

void InterfaceCounter::count_pixel(std::span<const std::uint8_t> labels, std::size_t x) {
  const std::uint8_t here = labels[x];
  if (x > 0) ++straight_[pair(here, labels[x - 1])];
  if (above_.empty()) return;
  ++straight_[pair(here, above_[x])];
  if (x > 0) ++diagonal_[pair(here, above_[x - 1])];
  if (x + 1 < labels.size()) ++diagonal_[pair(here, above_[x + 1])];
}

void InterfaceCounter::add_row(std::span<const std::uint8_t> labels) {
  for (std::size_t x = 0; x < labels.size();) {
    if (x > 0 && x + kBlock < labels.size() && !above_.empty() && one_value(labels.data(), above_.data(), x)) {
      x += kBlock;
    } else {
      const std::size_t end = std::min(x == 0 ? 1 : x + kBlock, labels.size());
      for (; x < end; ++x) count_pixel(labels, x);
    }
  }
  above_.assign(labels.begin(), labels.end());
}

std::vector<Interface> InterfaceCounter::interfaces() const {
  std::vector<Interface> all;
  const auto both = [&](const std::vector<std::int64_t>& counts, std::size_t a, std::size_t b) {
    return static_cast<double>(counts[a * values_ + b] + counts[b * values_ + a]);
  };
  for (std::size_t a = 1; a < values_; ++a) {
    for (std::size_t b = a + 1; b < values_; ++b) {
      all.push_back({a - 1, b - 1, std::numbers::pi / 8 * (both(straight_, a, b) + both(diagonal_, a, b) / std::numbers::sqrt2)});
    }
  }
  return all;
}

}  // namespace wsi_lpd::raster
