#include "region_rows.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace wsi_lpd::pipeline::review {
namespace {

core::Rect box_of(const slide::Annotation& region, const core::Frame& frame) {
  double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
  for (const core::Polygon& polygon : region.polygons) {
    for (const core::Ring& ring : polygon) {
      for (const core::Point& point : ring) {
        left = std::min(left, point.x / frame.scale);
        right = std::max(right, point.x / frame.scale);
        top = std::min(top, point.y / frame.scale);
        bottom = std::max(bottom, point.y / frame.scale);
      }
    }
  }
  const auto inside = [](double value, std::int64_t end) {
    return static_cast<std::int64_t>(std::clamp(value, 0.0, static_cast<double>(end)));
  };
  const std::int64_t x = inside(std::floor(left), frame.size.width), y = inside(std::floor(top), frame.size.height);
  return {x, y, inside(std::ceil(right), frame.size.width) - x, inside(std::ceil(bottom), frame.size.height) - y};
}

}  // namespace

RegionFill::RegionFill(const slide::Annotation& region, const core::Frame& frame) : box_(box_of(region, frame)), scale_(frame.scale) {
  for (const core::Polygon& polygon : region.polygons) fill_.add(polygon, 1);
}

void RegionFill::paint(std::int64_t y, std::int64_t x, std::span<std::uint8_t> row) {
  const auto centre = [&](std::int64_t pixel) { return (static_cast<double>(pixel) + 0.5) * scale_; };
  std::ranges::fill(row, std::uint8_t{0});
  fill_.paint_row(centre(y), centre(x), scale_, row);
}

RegionRows::RegionRows(const std::vector<slide::Annotation>& regions, const core::Frame& frame) {
  fills_.reserve(regions.size());
  for (const slide::Annotation& region : regions) {
    fills_.emplace_back(region, frame);
    if (fills_.back().box().empty()) continue;
    waiting_.push_back(fills_.size() - 1);
    end_ = std::max(end_, fills_.back().box().bottom());
  }
  std::ranges::stable_sort(waiting_, std::greater(), [&](std::size_t region) { return box(region).y; });
}

}  // namespace wsi_lpd::pipeline::review
