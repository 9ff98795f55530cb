#include "wsi_lpd/core/region_mark.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "wsi_lpd/core/counter_random.hpp"

namespace wsi_lpd::core {
namespace {

using Vertex = std::pair<std::int64_t, std::int64_t>;  ///< in quarters of a pixel
using Corners = std::vector<Vertex>;

std::int64_t quarters(double coordinate) { return std::llround(coordinate * 4); }

/// Turned so that no other beginning gives a smaller list: at its smallest vertex, or one of them.
Corners from_smallest(Corners corners) {
  const std::size_t count = corners.size();
  std::size_t best = 0, other = 1, same = 0;
  while (best < count && other < count && same < count) {
    const Vertex &a = corners[(best + same) % count], &b = corners[(other + same) % count];
    if (a == b) {
      ++same;
    } else {
      (b < a ? best : other) += same + 1;  // nothing smaller begins among those that were equal
      if (best == other) ++other;
      same = 0;
    }
  }
  std::rotate(corners.begin(), corners.begin() + static_cast<std::ptrdiff_t>(std::min(best, other)), corners.end());
  return corners;
}

/// Lies `b` on the line through `a` and `c`, or where one of them is? Exact up to ten million pixels.
bool is_idle(const Vertex& a, const Vertex& b, const Vertex& c) {
  const auto to = [&](const Vertex& end) {
    return std::pair{static_cast<double>(end.first - b.first), static_cast<double>(end.second - b.second)};
  };
  const auto [ax, ay] = to(a);
  const auto [cx, cy] = to(c);
  return ax * cy == ay * cx;
}

/// Without points that change nothing, in the direction that gives the smaller list.
Corners normalised(const Ring& ring) {
  Corners corners;
  for (const Point& point : ring) {
    const Vertex vertex{quarters(point.x), quarters(point.y)};
    while (corners.size() > 1 && is_idle(corners[corners.size() - 2], corners.back(), vertex)) corners.pop_back();
    corners.push_back(vertex);
  }
  while (corners.size() > 2 && is_idle(corners[corners.size() - 2], corners.back(), corners.front())) corners.pop_back();
  std::size_t idle = 0;
  while (corners.size() > idle + 2 && is_idle(corners.back(), corners[idle], corners[idle + 1])) ++idle;
  corners.erase(corners.begin(), corners.begin() + static_cast<std::ptrdiff_t>(idle));
  const Corners backward = from_smallest({corners.rbegin(), corners.rend()});
  return std::min(from_smallest(std::move(corners)), backward);
}

/// 128 bits, one for all numbers that are added.
class Hash {
 public:
  void add(std::uint64_t number) {
    for (std::uint64_t& state : states_) state = hash(state, number);
  }
  /// xxxxxxxx-xxxx-8xxx-yxxx-xxxxxxxxxxxx, y from 8 to b (RFC 9562).
  std::string uuid() const {
    const std::uint64_t high = (states_[0] & ~0xF000ULL) | 0x8000ULL, low = (states_[1] >> 2U) | (1ULL << 63U);
    std::array<char, 37> text{};
    std::snprintf(text.data(), text.size(), "%08llx-%04llx-%04llx-%04llx-%012llx", static_cast<unsigned long long>(high >> 32U),
                  static_cast<unsigned long long>(high >> 16U & 0xFFFFU), static_cast<unsigned long long>(high & 0xFFFFU),
                  static_cast<unsigned long long>(low >> 48U), static_cast<unsigned long long>(low & 0xFFFFFFFFFFFFULL));
    return text.data();
  }

 private:
  std::array<std::uint64_t, 2> states_{1, 2};
};

}  // namespace

double quarter_pixel(double coordinate) { return static_cast<double>(quarters(coordinate)) / 4; }

std::string region_mark(const std::string& class_name, const std::vector<Polygon>& polygons) {
  std::vector<std::vector<Corners>> shapes;
  for (const Polygon& polygon : polygons) {
    std::vector<Corners>& rings = shapes.emplace_back();
    for (const Ring& ring : polygon) rings.push_back(normalised(ring));
    if (!rings.empty()) std::sort(rings.begin() + 1, rings.end());  // the first is the outline
  }
  std::sort(shapes.begin(), shapes.end());
  Hash hash;
  hash.add(class_name.size());
  for (const char byte : class_name) hash.add(static_cast<unsigned char>(byte));
  hash.add(shapes.size());
  for (const std::vector<Corners>& rings : shapes) {
    hash.add(rings.size());
    for (const Corners& corners : rings) {
      hash.add(corners.size());
      for (const auto& [x, y] : corners) {
        hash.add(static_cast<std::uint64_t>(x));
        hash.add(static_cast<std::uint64_t>(y));
      }
    }
  }
  return hash.uuid();
}

bool is_region_mark(const std::string& id) { return id.size() == 36 && id[14] == '8'; }

}  // namespace wsi_lpd::core
