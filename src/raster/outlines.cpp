#include "wsi_lpd/raster/outlines.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "outline_simplifier.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::raster {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

double signed_area(const core::Ring& ring) {
  double sum = 0;
  const core::Point& origin = ring.front();
  for (std::size_t i = 1; i + 1 < ring.size(); ++i) {
    sum += (ring[i].x - origin.x) * (ring[i + 1].y - origin.y) - (ring[i + 1].x - origin.x) * (ring[i].y - origin.y);
  }
  return sum / 2;
}

double length(const core::Ring& ring) {
  double sum = 0;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const core::Point &a = ring[i], &b = ring[(i + 1) % ring.size()];
    sum += std::hypot(b.x - a.x, b.y - a.y);
  }
  return sum;
}

/// A finished border, with the larger value on its left (where y points up). Where three or more regions meet, it ends at that corner.
struct Border {
  std::vector<core::Point> points;
  std::int64_t start = 0, end = 0;  ///< corners; nothing else for a ring, whose points repeat the first
  bool ring = false;
};

/// A border as a region sees it.
struct Side {
  std::shared_ptr<const Border> border;
  bool left = false;  ///< is the region on its left?
  std::int64_t from() const { return left ? border->start : border->end; }
  std::int64_t to() const { return left ? border->end : border->start; }
  /// The points in the order that keeps the region on the left, without the last.
  void append_to(core::Ring& target) const {
    const auto& points = border->points;
    if (left) target.insert(target.end(), points.begin(), points.end() - 1);
    if (!left) target.insert(target.end(), points.rbegin(), points.rend() - 1);
  }
};

struct Region {
  std::uint32_t parent = 0;
  std::uint8_t value = 0;
  std::int64_t pixels = 0, last_row = 0;
  std::vector<Side> sides;
};

/// A border that is not finished: its two ends hang at columns of pixel corners, or are fixed at a corner where regions meet.
struct Chain {
  std::deque<Corner> corners;
  std::int64_t head_column = 0, tail_column = 0;
  bool head_fixed = false, tail_fixed = false;
};

template <class T>
class Slots {  ///< a vector whose indices stay
 public:
  std::uint32_t add(T value) {
    if (free_.empty()) {
      values_.push_back(std::move(value));
      return static_cast<std::uint32_t>(values_.size() - 1);
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    values_[index] = std::move(value);
    return index;
  }
  void remove(std::uint32_t index) {
    values_[index] = T();
    free_.push_back(index);
  }
  T& operator[](std::uint32_t index) { return values_[index]; }

 private:
  std::vector<T> values_;
  std::vector<std::uint32_t> free_;
};

/// A row of labels with the regions of its pixels, and one pixel of nothing at either end: pixel x is at x + 1.
struct Row {
  explicit Row(std::int64_t width) : labels(static_cast<std::size_t>(width) + 2), regions(labels.size(), kNone) {}
  std::vector<std::uint8_t> labels;
  std::vector<std::uint32_t> regions;
};

/// The sides as rings.
std::vector<core::Ring> rings_of(const std::vector<Side>& sides) {
  std::vector<core::Ring> rings;
  std::unordered_map<std::int64_t, std::size_t> from;  // a corner where regions meet is in a region's rings once
  for (std::size_t i = 0; i < sides.size(); ++i) {
    if (sides[i].border->ring) {
      sides[i].append_to(rings.emplace_back());
    } else {
      from[sides[i].from()] = i;
    }
  }
  while (!from.empty()) {
    core::Ring& ring = rings.emplace_back();
    for (auto next = from.begin(); next != from.end();) {
      const Side& side = sides[next->second];
      side.append_to(ring);
      from.erase(next);
      next = from.find(side.to());
    }
  }
  return rings;
}

}  // namespace

double Outline::area() const {
  double sum = signed_area(outer);
  for (const core::Ring& hole : holes) sum += signed_area(hole);
  return sum;
}

double Outline::perimeter() const {
  double sum = length(outer);
  for (const core::Ring& hole : holes) sum += length(hole);
  return sum;
}

struct OutlineTracer::Impl {
  Impl(const Lattice& lattice_, int classes_, std::int64_t min_pixels_, Sink sink_)
      : lattice(lattice_),
        classes(classes_),
        min_pixels(min_pixels_),
        sink(std::move(sink_)),
        above(lattice.size.width),
        here(lattice.size.width),
        hanging(static_cast<std::size_t>(lattice.size.width) + 1, kNone) {}

  std::uint32_t root(std::uint32_t region) {
    while (regions[region].parent != region) region = regions[region].parent = regions[regions[region].parent].parent;
    return region;
  }

  void unite(std::uint32_t one, std::uint32_t other) {
    std::uint32_t a = root(one), b = root(other);
    if (a == b) return;
    if (regions[a].sides.size() < regions[b].sides.size()) std::swap(a, b);
    Region &into = regions[a], &from = regions[b];
    into.pixels += from.pixels;
    into.last_row = std::max(into.last_row, from.last_row);
    into.sides.insert(into.sides.end(), from.sides.begin(), from.sides.end());
    from.sides.clear();
    from.parent = a;
    merged.push_back(b);
  }

  void next_row(std::span<const std::uint8_t> labels) {
    for (std::size_t x = 0; x < labels.size(); ++x) here.labels[x + 1] = labels[x] <= classes ? labels[x] : std::uint8_t{0};
    find_regions();
    std::uint32_t carried = kNone;  // the border that comes from the left
    for (std::int64_t x = 0; x <= lattice.size.width; ++x) carried = pass_corner(x, carried);
    close_regions();
    std::swap(above, here);
    ++y;
  }

  /// Regions of the pixels of this row, joined with those above.
  void find_regions() {
    for (std::size_t x = 1; x + 1 < here.labels.size(); ++x) {
      const std::uint8_t value = here.labels[x];
      if (value == 0) {
        here.regions[x] = kNone;
        continue;
      }
      if (value != here.labels[x - 1]) {
        here.regions[x] = regions.add({0, value, 0, y, {}});
        regions[here.regions[x]].parent = here.regions[x];
      } else {
        here.regions[x] = here.regions[x - 1];
      }
      ++regions[here.regions[x]].pixels;
    }
    for (std::size_t x = 1; x < here.labels.size(); ++x) {
      const std::uint8_t a = above.labels[x - 1], b = above.labels[x], c = here.labels[x - 1], d = here.labels[x];
      if (b != 0 && b == d) unite(above.regions[x], here.regions[x]);
      if (a != 0 && a == d && (b != c || a > b)) unite(above.regions[x - 1], here.regions[x]);
      if (b != 0 && b == c && (a != d || b > a)) unite(above.regions[x], here.regions[x - 1]);
    }
  }

  /// What borders do at the corner at the top left of pixel x: `left` comes from the left, another may hang from above; returns the
  /// one that goes on to the right.
  std::uint32_t pass_corner(std::int64_t x, std::uint32_t left) {
    const auto i = static_cast<std::size_t>(x);
    // above: a b
    // here:  c d
    const std::uint8_t a = above.labels[i], b = above.labels[i + 1], c = here.labels[i], d = here.labels[i + 1];
    const bool up = a != b, down = c != d, right = b != d;
    const int edges = int{up} + int{down} + int{right} + int{a != c};
    if (edges == 0) return kNone;
    std::uint32_t& hangs = hanging[i];
    if (edges == 2) {
      const Corner corner{x, y};
      if (up && down) return kNone;  // straight on
      if (right && left != kNone) return left;
      if (up && right) return turn(hangs, corner, a > b);
      if (down && left != kNone) return hang(left, corner, c > a, x);
      if (up) return join(hangs, left, corner, a > b, x);
      return begin(corner, c > d, x);
    }
    if (edges == 4 && (a == d || b == c)) {
      if (a == d && (b != c || a > b)) {  // joined: borders around b and c
        const std::uint32_t from_above = hangs;
        hang(left, {x, y, true}, c > a, x);
        return turn(from_above, {x, y, true}, a > b);
      }
      join(hangs, left, {x, y, true}, a > b, x);
      return begin({x, y, true}, c > d, x);
    }
    // Three or four regions meet.
    if (up) end(hangs, a > b, x, a > b ? above.regions[i] : above.regions[i + 1], a > b ? above.regions[i + 1] : above.regions[i]);
    if (a != c) end(left, c > a, x, c > a ? here.regions[i] : above.regions[i], c > a ? above.regions[i] : here.regions[i]);
    hangs = kNone;
    if (down) {
      const bool out = c > d;
      begin({x, y}, out, x);
      Chain& chain = chains[hangs];
      (out ? chain.tail_fixed : chain.head_fixed) = true;
    }
    if (!right) return kNone;
    Chain chain;
    chain.corners.push_back({x, y});
    (d > b ? chain.tail_fixed : chain.head_fixed) = true;
    return chains.add(std::move(chain));
  }

  std::uint32_t turn(std::uint32_t chain, const Corner& corner, bool head) {
    auto& corners = chains[chain].corners;
    head ? corners.push_back(corner) : corners.push_front(corner);
    return chain;
  }

  /// The end of `chain` that came from the left now hangs at column x.
  std::uint32_t hang(std::uint32_t chain, const Corner& corner, bool head, std::int64_t x) {
    turn(chain, corner, head);
    (head ? chains[chain].head_column : chains[chain].tail_column) = x;
    hanging[static_cast<std::size_t>(x)] = chain;
    return kNone;
  }

  /// A new border with its ends below (column x) and to the right, the one below the head or the tail.
  std::uint32_t begin(const Corner& corner, bool head_below, std::int64_t x) {
    Chain chain;
    chain.corners.push_back(corner);
    (head_below ? chain.head_column : chain.tail_column) = x;
    return hanging[static_cast<std::size_t>(x)] = chains.add(std::move(chain));
  }

  /// The borders from above (its end there is the head or the tail) and from the left are one.
  std::uint32_t join(std::uint32_t from_above, std::uint32_t from_left, const Corner& corner, bool head_above, std::int64_t x) {
    const auto i = static_cast<std::size_t>(x);
    const std::uint32_t first = head_above ? from_above : from_left, second = head_above ? from_left : from_above;
    hanging[i] = kNone;
    chains[first].corners.push_back(corner);
    if (first == second) {
      const std::uint32_t inside = above.regions[i], outside = above.regions[i + 1];
      complete(first, true, head_above ? inside : outside, head_above ? outside : inside);
      return kNone;
    }
    Chain &a = chains[first], &b = chains[second];
    std::uint32_t kept = first, gone = second;
    if (a.corners.size() < b.corners.size()) {
      b.corners.insert(b.corners.begin(), a.corners.begin(), a.corners.end());
      b.tail_column = a.tail_column;
      b.tail_fixed = a.tail_fixed;
      std::swap(kept, gone);
    } else {
      a.corners.insert(a.corners.end(), b.corners.begin(), b.corners.end());
      a.head_column = b.head_column;
      a.head_fixed = b.head_fixed;
    }
    const Chain& whole = chains[kept];
    if (whole.head_fixed && whole.tail_fixed) {
      chains.remove(gone);
      complete(kept, false, head_above ? above.regions[i] : above.regions[i + 1], head_above ? above.regions[i + 1] : above.regions[i]);
      return kNone;
    }
    if (!whole.head_fixed) hanging[static_cast<std::size_t>(whole.head_column)] = kept;
    if (!whole.tail_fixed) hanging[static_cast<std::size_t>(whole.tail_column)] = kept;
    chains.remove(gone);
    return kNone;
  }

  /// An end of `chain` is fixed at the corner at column x; beside it are the regions of the larger and of the smaller value.
  void end(std::uint32_t chain, bool head, std::int64_t x, std::uint32_t larger, std::uint32_t smaller) {
    turn(chain, {x, y}, head);
    Chain& c = chains[chain];
    (head ? c.head_fixed : c.tail_fixed) = true;
    if (c.head_fixed && c.tail_fixed) complete(chain, false, larger, smaller);
  }

  void complete(std::uint32_t chain, bool ring, std::uint32_t left_region, std::uint32_t right_region) {
    const auto& corners = chains[chain].corners;
    auto border = std::make_shared<Border>();
    border->points = simplify(corners, ring, lattice);
    border->ring = ring;
    const auto key = [&](const Corner& corner) { return corner.y * (lattice.size.width + 1) + corner.x; };
    border->start = key(corners.front());
    border->end = key(corners.back());
    if (left_region != kNone) regions[root(left_region)].sides.push_back({border, true});
    if (right_region != kNone) regions[root(right_region)].sides.push_back({border, false});
    chains.remove(chain);
  }

  /// Gives away the regions of the row above that this row does not touch.
  void close_regions() {
    for (std::uint32_t& region : here.regions) {
      if (region == kNone) continue;
      region = root(region);
      regions[region].last_row = y;
    }
    std::vector<std::uint32_t> closed;
    for (std::size_t x = 1; x + 1 < above.regions.size(); ++x) {
      if (above.regions[x] == kNone || above.regions[x] == above.regions[x - 1]) continue;
      const std::uint32_t region = root(above.regions[x]);
      if (regions[region].last_row == y) continue;
      regions[region].last_row = y;
      closed.push_back(region);
    }
    for (const std::uint32_t region : closed) {
      if (regions[region].pixels >= min_pixels) give_away(regions[region]);
      regions.remove(region);
    }
    for (const std::uint32_t region : merged) regions.remove(region);
    merged.clear();
  }

  void give_away(const Region& region) const {
    Outline outline;
    outline.value = region.value;
    for (core::Ring& ring : rings_of(region.sides)) {
      if (signed_area(ring) > 0) {
        outline.outer = std::move(ring);
      } else {
        outline.holes.push_back(std::move(ring));
      }
    }
    sink(outline);
  }

  Lattice lattice;
  int classes;
  std::int64_t min_pixels;
  Sink sink;
  std::int64_t y = 0;  ///< the line of pixel edges above the row at hand
  Row above, here;
  std::vector<std::uint32_t> hanging;  ///< borders by the column of corners where they come from above
  Slots<Chain> chains;
  Slots<Region> regions;
  std::vector<std::uint32_t> merged;  ///< regions that became part of another in this row
};

OutlineTracer::OutlineTracer(const Lattice& lattice, int classes, std::int64_t min_pixels, Sink sink)
    : impl_(std::make_unique<Impl>(lattice, classes, min_pixels, std::move(sink))) {}
OutlineTracer::OutlineTracer(OutlineTracer&&) noexcept = default;
OutlineTracer::~OutlineTracer() = default;

void OutlineTracer::add_row(std::span<const std::uint8_t> labels) {
  if (static_cast<std::int64_t>(labels.size()) != impl_->lattice.size.width || impl_->y >= impl_->lattice.size.height) {
    throw core::Error("tracing outlines: a row does not fit the raster");
  }
  impl_->next_row(labels);
}

void OutlineTracer::finish() {
  if (impl_->y != impl_->lattice.size.height) throw core::Error("tracing outlines: rows are missing");
  impl_->next_row(std::vector<std::uint8_t>(static_cast<std::size_t>(impl_->lattice.size.width)));
}

}  // namespace wsi_lpd::raster
