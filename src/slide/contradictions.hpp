#pragma once
// Private to src/slide: regions of a person that say two things of one place.
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::slide {

/// A box in level-0 pixels; empty until something is added.
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
  bool empty = true;
  void add(const core::Polygon& polygon);
  void add(const Box& other);
  double area() const { return empty ? 0 : (right - left) * (bottom - top); }
};
Box common(const Box& a, const Box& b);

/// A region with what two of them are compared by.
struct PlacedRegion {
  std::size_t number;  ///< of its feature in the file, from 1
  std::uint8_t value;  ///< of its class
  const std::vector<core::Polygon>* polygons;
  double area;  ///< px², of outlines less holes
  Box box;
};

/// Pairs of regions of different values whose common area is more than half of the area that they cover together, the one that comes first
/// in the file first, in the file's order; at most `most`. Boxes and areas exclude most pairs; the others are compared on 256 x 256 points.
/// The time grows with the number of regions times that of those that begin in the left half of one of them.
std::vector<std::pair<PlacedRegion, PlacedRegion>> contradictions(std::vector<PlacedRegion> regions, std::size_t most);

}  // namespace wsi_lpd::slide
