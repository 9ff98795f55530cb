#include "wsi_lpd/raster/border_distance.hpp"

#include <algorithm>
#include <cmath>

#include "wsi_lpd/core/runs.hpp"

namespace wsi_lpd::raster {
namespace {

constexpr std::uint16_t kNone = 0xFFFF;
constexpr std::int64_t kFewestRows = 64;  // of a strip

std::int64_t strip_of(std::int64_t reach) { return std::max(kFewestRows, reach / 4); }

/// One step farther from `sides` to `next`, the sides of the neighbouring row: 1 where they differ.
void step(std::vector<std::uint16_t>& steps, const std::uint8_t* sides, const std::uint8_t* next) {
  for (std::size_t x = 0; x < steps.size(); ++x) {
    const std::uint16_t farther = steps[x] == kNone ? kNone : static_cast<std::uint16_t>(steps[x] + 1);
    steps[x] = sides[x] == next[x] ? farther : std::uint16_t{1};
  }
}

}  // namespace

std::int64_t BorderDistance::reach(std::uint32_t limit) {
  return limit < 2 ? 0 : static_cast<std::int64_t>(std::sqrt(static_cast<double>(limit - 1)));
}

std::int64_t BorderDistance::memory(std::int64_t width, std::int64_t height, std::uint32_t limit) {
  const std::int64_t strip = strip_of(reach(limit));
  return width * (std::min(height, reach(limit) + strip) + 2 * std::min(height, strip));
}

BorderDistance::BorderDistance(std::int64_t width, Inside inside, std::uint32_t limit, Sink sink, std::int64_t strip)
    : width_(width),
      inside_(inside),
      limit_(limit),
      reach_(reach(limit)),
      strip_(static_cast<std::size_t>(strip > 0 ? strip : strip_of(reach_))),
      sink_(std::move(sink)),
      squared_(static_cast<std::size_t>(width)) {}

void BorderDistance::add_row(std::span<const std::uint8_t> values) {
  if (waiting_ == values_.size()) values_.emplace_back();
  values_[waiting_++].assign(values.begin(), values.end());
  if (waiting_ == strip_ + static_cast<std::size_t>(reach_)) work_out(strip_);
}

void BorderDistance::finish() {
  while (waiting_ > 0) work_out(std::min(strip_, waiting_));
}

/// The first `rows` of those that wait, which have all rows below them that they need.
void BorderDistance::work_out(std::size_t rows) {
  const auto width = static_cast<std::size_t>(width_);
  const auto sides_of = [&](std::size_t row, std::vector<std::uint8_t>& sides) {
    sides.resize(width);
    for (std::size_t x = 0; x < width; ++x) sides[x] = inside_(values_[row][x]);
  };
  std::vector<std::uint8_t> sides, next;
  Steps steps(width, kNone);
  down_.resize(std::max(down_.size(), rows));
  for (std::size_t row = waiting_; row-- > 0; std::swap(sides, next)) {
    sides_of(row, sides);
    if (row + 1 < waiting_) step(steps, next.data(), sides.data());
    if (row < rows) down_[row] = steps;
  }
  for (std::size_t row = 0; row < rows; ++row) {
    sides_of(row, sides);
    if (above_.empty()) {
      up_.assign(width, kNone);
    } else {
      step(up_, above_.data(), sides.data());
    }
    nearest_.resize(width);
    for (std::size_t x = 0; x < width; ++x) nearest_[x] = std::min(up_[x], down_[row][x]);
    spread(sides);
    sink_(values_[row], squared_);
    std::swap(above_, sides);
  }
  std::rotate(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(rows), values_.end());
  waiting_ -= rows;
}

/// From the columns of a row along the row.
void BorderDistance::spread(std::span<const std::uint8_t> sides) {
  for (std::int64_t begin = 0, end = 0; begin < width_; begin = end) {
    end = static_cast<std::int64_t>(core::run_end(sides, static_cast<std::size_t>(begin), sides.size()));
    spread_run(begin, end);
  }
}

void BorderDistance::spread_run(std::int64_t begin, std::int64_t end) {
  const std::int64_t length = end - begin;
  envelope_.clear();
  const auto at = [](const Parabola& parabola, std::int64_t x) { return (x - parabola.x) * (x - parabola.x) + parabola.height; };
  const auto add = [&](Parabola next) {
    while (!envelope_.empty() && at(envelope_.back(), envelope_.back().from) > at(next, envelope_.back().from)) envelope_.pop_back();
    if (!envelope_.empty()) {
      const Parabola& last = envelope_.back();
      const std::int64_t rise = next.x * next.x - last.x * last.x + next.height - last.height;
      next.from = rise / (2 * (next.x - last.x)) + 1;
      if (next.from >= length) return;
    }
    envelope_.push_back(next);
  };
  if (begin > 0) add({-1, 0, 0});
  for (std::int64_t x = 0; x < length; ++x) {
    const std::int64_t steps = nearest_[static_cast<std::size_t>(begin + x)];
    if (steps <= reach_) add({x, steps * steps, 0});
  }
  if (end < width_) add({length, 0, 0});
  const auto first = squared_.begin() + begin;
  if (envelope_.empty()) std::fill(first, first + length, limit_);
  for (std::size_t i = 0; i < envelope_.size(); ++i) {
    const std::int64_t stop = i + 1 < envelope_.size() ? envelope_[i + 1].from : length;
    for (std::int64_t x = envelope_[i].from; x < stop; ++x)
      first[x] = static_cast<std::uint32_t>(std::min<std::int64_t>(at(envelope_[i], x), limit_));
  }
}

}  // namespace wsi_lpd::raster
