#include "contradictions.hpp"

#include <algorithm>
#include <array>

#include "wsi_lpd/core/polygon_fill.hpp"

namespace wsi_lpd::slide {
namespace {

constexpr double kSamePlace = 0.5;  ///< common area by the area of both together
constexpr std::size_t kPoints = 256;

bool is_more(double part, double a, double b) { return part > kSamePlace * (a + b - part); }

bool are_in_the_same_place(const PlacedRegion& a, const PlacedRegion& b) {
  Box box = a.box;
  box.add(b.box);
  std::array<core::PolygonFill, 2> fills;
  for (std::size_t i = 0; i < 2; ++i)
    for (const core::Polygon& polygon : *(i == 0 ? a : b).polygons) fills[i].add(polygon, 1);
  const double width = (box.right - box.left) / kPoints, height = (box.bottom - box.top) / kPoints;
  std::size_t both = 0, any = 0;
  for (std::size_t row = 0; row < kPoints; ++row) {
    std::array<std::array<std::uint8_t, kPoints>, 2> inside{};
    for (std::size_t i = 0; i < 2; ++i)
      fills[i].paint_row(box.top + (static_cast<double>(row) + 0.5) * height, box.left + width / 2, width, inside[i]);
    for (std::size_t x = 0; x < kPoints; ++x) {
      both += inside[0][x] & inside[1][x];
      any += inside[0][x] | inside[1][x];
    }
  }
  return static_cast<double>(both) > kSamePlace * static_cast<double>(any);
}

bool contradict(const PlacedRegion& a, const PlacedRegion& b) {
  return a.value != b.value && is_more(common(a.box, b.box).area(), a.box.area(), b.box.area()) &&
         is_more(std::min(a.area, b.area), a.area, b.area) && are_in_the_same_place(a, b);
}

}  // namespace

void Box::add(const core::Polygon& polygon) {
  for (const core::Ring& ring : polygon)
    for (const core::Point& point : ring) add(Box{point.x, point.y, point.x, point.y, false});
}

void Box::add(const Box& other) {
  if (other.empty) return;
  if (empty) {
    *this = other;
    return;
  }
  left = std::min(left, other.left), right = std::max(right, other.right);
  top = std::min(top, other.top), bottom = std::max(bottom, other.bottom);
}

Box common(const Box& a, const Box& b) {
  const Box box{std::max(a.left, b.left), std::max(a.top, b.top), std::min(a.right, b.right), std::min(a.bottom, b.bottom), false};
  return box.left < box.right && box.top < box.bottom ? box : Box{};
}

std::vector<std::pair<PlacedRegion, PlacedRegion>> contradictions(std::vector<PlacedRegion> regions, std::size_t most) {
  std::vector<std::pair<PlacedRegion, PlacedRegion>> found;
  std::sort(regions.begin(), regions.end(), [](const PlacedRegion& a, const PlacedRegion& b) { return a.box.left < b.box.left; });
  for (auto a = regions.begin(); a != regions.end() && found.size() < most; ++a) {
    const double middle = a->box.left + (a->box.right - a->box.left) * kSamePlace;  // what begins beyond it shares less
    for (auto b = a + 1; b != regions.end() && b->box.left < middle && found.size() < most; ++b) {
      if (contradict(*a, *b)) found.push_back(a->number < b->number ? std::pair{*a, *b} : std::pair{*b, *a});
    }
  }
  std::ranges::sort(found, {}, [](const auto& pair) { return std::pair{pair.first.number, pair.second.number}; });
  return found;
}

}  // namespace wsi_lpd::slide
