#include "wsi_lpd/core/polygon_fill.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::core {

void PolygonFill::add(const Polygon& polygon, std::uint8_t value) {
  const auto index = static_cast<std::uint32_t>(values_.size());
  values_.push_back(value);
  for (const Ring& ring : polygon) {
    for (std::size_t i = 0; i < ring.size(); ++i) {
      Point a = ring[i], b = ring[(i + 1) % ring.size()];
      if (a.y > b.y) std::swap(a, b);
      if (a.y < b.y) sides_.push_back({a.y, b.y, a.x, b.x - a.x, index});
    }
  }
}

void PolygonFill::paint_row(double y, double x, double pitch, std::span<std::uint8_t> row) {
  if (y < last_y_) throw Error("rows of polygons must be painted from top to bottom");
  if (last_y_ == -std::numeric_limits<double>::infinity())
    std::sort(sides_.begin(), sides_.end(), [](const Side& a, const Side& b) { return a.top < b.top; });
  last_y_ = y;
  std::erase_if(active_, [&](const Side& side) { return side.bottom <= y; });
  for (; next_ < sides_.size() && sides_[next_].top <= y; ++next_) {
    if (sides_[next_].bottom > y) active_.push_back(sides_[next_]);
  }
  crossings_.clear();
  for (const Side& side : active_) crossings_.push_back({side.polygon, side.x + (y - side.top) / (side.bottom - side.top) * side.run});
  std::sort(crossings_.begin(), crossings_.end(),
            [](const Crossing& a, const Crossing& b) { return a.polygon != b.polygon ? a.polygon < b.polygon : a.x < b.x; });
  // Closed lines cross a row an even number of times: inside is between the first and the second crossing, the third and the fourth, ….
  const auto column = [&](double position) {
    return static_cast<std::ptrdiff_t>(std::clamp(std::ceil((position - x) / pitch), 0.0, static_cast<double>(row.size())));
  };
  for (std::size_t i = 0; i + 1 < crossings_.size(); i += 2) {
    const std::ptrdiff_t begin = column(crossings_[i].x), end = column(crossings_[i + 1].x);
    if (begin < end) std::fill(row.begin() + begin, row.begin() + end, values_[crossings_[i].polygon]);
  }
}

}  // namespace wsi_lpd::core
