#include "outline_simplifier.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <queue>

namespace wsi_lpd::raster {
namespace {

constexpr double kReach = 0.97;     ///< of the way from a pixel edge to a pixel's centre that a line may stray
constexpr double kRounding = 1e-9;  ///< pixels
/// Pixel edges that one straight line may stand for at most, so that the time is linear in the border's length.
constexpr std::size_t kMaxGates = 400;

double cross(const core::Point& a, const core::Point& b, const core::Point& c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/// Positions of pixel edges and centres along one axis. Beyond the raster pixels have no width, so that no line can leave it.
struct Axis {
  std::int64_t count;
  double pitch, end;
  double edge(std::int64_t i) const { return i < count ? static_cast<double>(i) * pitch : end; }
  double centre(std::int64_t i) const {
    return (edge(std::clamp<std::int64_t>(i, 0, count)) + edge(std::clamp<std::int64_t>(i + 1, 0, count))) / 2;
  }
};

/// The connection of two neighbouring pixels' centres: the line must cross it, as the edge between the pixels does.
struct Gate {
  bool along_x;      ///< the edge runs along x, so the gate lies along y
  double direction;  ///< of the way through it, ±1
  double at;         ///< its place on the axis of the edge
  double low, high;  ///< its part that may be crossed, on the other axis

  bool crossed_by(const core::Point& from, const core::Point& to) const {
    const double start = direction * ((along_x ? from.x : from.y) - at), end = direction * ((along_x ? to.x : to.y) - at);
    if (start > 0 || end < 0 || end <= start) return false;
    const double across = along_x ? from.y + (to.y - from.y) * -start / (end - start) : from.x + (to.x - from.x) * -start / (end - start);
    return across >= low - kRounding && across <= high + kRounding;
  }
};

/// Is `point` in the space between two successive gates?
bool between(const Gate& a, const Gate& b, const core::Point& point) {
  const auto range = [](const Gate& gate, bool x) {
    return gate.along_x == x ? std::pair(gate.at, gate.at) : std::pair(gate.low, gate.high);
  };
  const auto [a_left, a_right] = range(a, true);
  const auto [b_left, b_right] = range(b, true);
  const auto [a_top, a_bottom] = range(a, false);
  const auto [b_top, b_bottom] = range(b, false);
  return point.x >= std::min(a_left, b_left) - kRounding && point.x <= std::max(a_right, b_right) + kRounding &&
         point.y >= std::min(a_top, b_top) - kRounding && point.y <= std::max(a_bottom, b_bottom) + kRounding;
}

/// A line on its way from pixel corners to few points: a list in which points are merged.
class Line {
 public:
  Line(const std::deque<Corner>& corners, bool closed, const Lattice& lattice)
      : x_{lattice.size.width, lattice.pitch, lattice.right}, y_{lattice.size.height, lattice.pitch, lattice.bottom} {
    if (closed) {
      add_closed(corners);
    } else {
      add_open(corners);
    }
    for (std::size_t i = 0; i < vertices_.size(); ++i) {
      vertices_[i].previous = i == 0 ? kNone : i - 1;
      vertices_[i].next = i + 1 == vertices_.size() ? kNone : i + 1;
    }
  }

  std::vector<core::Point> simplified() {
    for (std::size_t i = 0; i < vertices_.size(); ++i) offer(i);
    while (!offers_.empty()) {
      const Offer offer = offers_.top();
      offers_.pop();
      if (vertices_[offer.first].version == offer.version) merge(offer);
    }
    std::vector<core::Point> points;
    const auto add = [&](const core::Point& point) {
      if (points.size() > 1 && std::abs(cross(points[points.size() - 2], points.back(), point)) < kRounding) points.pop_back();
      points.push_back(point);
    };
    for (std::size_t i = 0; i != kNone; i = vertices_[i].next) {
      add(vertices_[i].point);
      if (vertices_[i].cut) add(*vertices_[i].cut);  // a true corner, which no merge has made up for
    }
    return points;
  }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;
  struct Vertex {
    core::Point point;
    std::size_t gate = 0;            ///< the next that the line crosses
    std::optional<core::Point> cut;  ///< the corner that the line to the next vertex cuts off
    std::size_t previous = kNone, next = kNone;
    unsigned version = 0;  ///< of the offer for it and the three after it
  };
  struct Candidate {
    core::Point point;
    std::size_t gate;
    double displaced;  ///< twice the area that changes sides
  };
  struct Offer {
    Candidate candidate;
    std::size_t first;  ///< of four vertices; the candidate replaces the second and third
    unsigned version;
    bool operator<(const Offer& other) const {
      return candidate.displaced != other.candidate.displaced ? candidate.displaced > other.candidate.displaced : first > other.first;
    }
  };

  Gate gate_of(std::int64_t x, std::int64_t y, bool along_x,
               bool forward) const {  // of the edge that starts at corner (x, y), rightward or down
    const Axis& across = along_x ? y_ : x_;
    const std::int64_t line = along_x ? y : x;
    const double edge = across.edge(line);
    return {along_x, forward ? 1.0 : -1.0, along_x ? x_.centre(x) : y_.centre(y), edge - kReach * (edge - across.centre(line - 1)),
            edge + kReach * (across.centre(line) - edge)};
  }

  core::Point position(const Corner& corner) const { return {x_.edge(corner.x), y_.edge(corner.y)}; }

  void add_vertex(const core::Point& point) {
    if (!vertices_.empty() && vertices_.back().point == point) return;
    vertices_.push_back({point, gates_.size(), {}});
  }

  /// The straight part from `a` to `b`: its first and last pixel edge, which imply those between.
  void add_straight(const Corner& a, const Corner& b) {
    const bool along_x = a.y == b.y;
    const bool forward = along_x ? b.x > a.x : b.y > a.y;
    const auto add_edge = [&](std::int64_t x, std::int64_t y) {
      const Gate gate = gate_of(x, y, along_x, forward);
      const core::Point middle = along_x ? core::Point{gate.at, y_.edge(y)} : core::Point{x_.edge(x), gate.at};
      add_vertex(middle);
      gates_.push_back(gate);
      return middle;
    };
    const std::int64_t back = forward ? 0 : 1;
    core::Point middle = add_edge(a.x - (along_x ? back : 0), a.y - (along_x ? 0 : back));
    if (std::abs(b.x - a.x) + std::abs(b.y - a.y) > 1) {
      middle = add_edge(b.x - (along_x ? 1 - back : 0), b.y - (along_x ? 0 : 1 - back));
    }
    if (vertices_.back().point == middle) vertices_.back().gate = gates_.size();
  }

  /// A corner is cut off, from the middle of one pixel edge to the middle of the next: stairs become a straight line. Its area is owed,
  /// unless another border shares the corner.
  void add_corner(const Corner& corner) {
    if (corner.shared) {
      shared_.push_back(gates_.size());
    } else {
      vertices_.back().cut = position(corner);
    }
  }

  void add_open(const std::deque<Corner>& corners) {
    add_vertex(position(corners.front()));
    for (std::size_t i = 1; i < corners.size(); ++i) {
      add_straight(corners[i - 1], corners[i]);
      if (i + 1 < corners.size()) add_corner(corners[i]);
    }
    add_vertex(position(corners.back()));
  }

  /// Starts and ends in the middle of the longest straight part, where the line has no reason to turn.
  void add_closed(const std::deque<Corner>& corners) {
    const std::size_t count = corners.size();
    std::size_t start = 0;  // the corner after that part
    std::int64_t longest = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const Corner &a = corners[(i + count - 1) % count], &b = corners[i];
      const std::int64_t length = std::abs(b.x - a.x) + std::abs(b.y - a.y);
      if (length > longest) longest = length, start = i;
    }
    const Corner &last = corners[(start + count - 1) % count], &first = corners[start];
    // The edge in the middle, and its two ends in the line's direction.
    const auto step = [](std::int64_t from, std::int64_t to) { return (to > from) - (to < from); };
    const int dx = step(last.x, first.x), dy = step(last.y, first.y);
    const Corner before{last.x + dx * ((longest - 1) / 2), last.y + dy * ((longest - 1) / 2)}, after{before.x + dx, before.y + dy};
    add_straight(before, after);
    const core::Point anchor = vertices_.front().point;
    const Gate middle = gates_.front();
    const auto same = [](const Corner& a, const Corner& b) { return a.x == b.x && a.y == b.y; };
    if (!same(after, first)) add_straight(after, first);
    for (std::size_t i = 0; i < count; ++i) {
      add_corner(corners[(start + i) % count]);
      if (i + 1 < count) add_straight(corners[(start + i) % count], corners[(start + i + 1) % count]);
    }
    if (!same(before, last)) add_straight(last, before);
    add_vertex(anchor);
    gates_.push_back(middle);
  }

  /// Twice the area that the line to the next vertex has cut off.
  double owed(const Vertex& vertex) const { return vertex.cut ? cross(vertex.point, *vertex.cut, vertices_[vertex.next].point) : 0; }

  /// May the line go from `a` over `point` to `d`? Then `point` with its place in the line.
  std::optional<Candidate> placed(const Vertex& a, const core::Point& point, const Vertex& d, double displaced) const {
    std::size_t gate = a.gate;
    while (gate < d.gate && gates_[gate].crossed_by(a.point, point)) ++gate;
    if (gate == 0 || gate >= gates_.size() || !between(gates_[gate - 1], gates_[gate], point)) return {};
    if (std::binary_search(shared_.begin(), shared_.end(), gate)) return {};
    for (std::size_t later = gate; later < d.gate; ++later) {
      if (!gates_[later].crossed_by(point, d.point)) return {};
    }
    return Candidate{point, gate, displaced};
  }

  /// Offers to merge the second and third of the four vertices from `first` on.
  void offer(std::size_t first) {
    Vertex& a = vertices_[first];
    ++a.version;
    if (a.next == kNone || vertices_[a.next].next == kNone || vertices_[vertices_[a.next].next].next == kNone) return;
    const Vertex &b = vertices_[a.next], &c = vertices_[b.next], &d = vertices_[c.next];
    if (d.gate - a.gate > kMaxGates) return;
    const double area = cross(a.point, b.point, c.point) + cross(a.point, c.point, d.point) + owed(a) + owed(b) + owed(c);
    const double height_b = cross(a.point, b.point, d.point), height_c = cross(a.point, c.point, d.point);
    std::optional<Candidate> best;
    const auto consider = [&](const core::Point& point) {
      const double displaced = std::abs(cross(point, b.point, c.point));
      if (best && best->displaced <= displaced) return;
      if (const auto candidate = placed(a, point, d, displaced)) best = candidate;
    };
    // Wherever it lies on a parallel of the line from a to d, the area is the same: on the line through a and b, through d and c, or
    // halfway.
    const auto on_line = [&](const core::Point& from, const core::Point& over, double height) -> std::optional<core::Point> {
      if (area / height <= 0 || std::abs(height) < kRounding) return {};
      return core::Point{from.x + area / height * (over.x - from.x), from.y + area / height * (over.y - from.y)};
    };
    const auto p = on_line(a.point, b.point, height_b), q = on_line(d.point, c.point, height_c);
    if (p) consider(*p);
    if (q) consider(*q);
    const double base_x = d.point.x - a.point.x, base_y = d.point.y - a.point.y, base2 = base_x * base_x + base_y * base_y;
    if (base2 > 0) {
      const core::Point m{(b.point.x + c.point.x) / 2, (b.point.y + c.point.y) / 2};
      const double off = (area - cross(a.point, m, d.point)) / base2;
      consider({m.x + off * base_y, m.y - off * base_x});
    }
    if (best) offers_.push({*best, first, a.version});
  }

  void merge(const Offer& offer_) {
    const std::size_t second = vertices_[offer_.first].next;
    Vertex& vertex = vertices_[second];
    const std::size_t third = vertex.next;
    ++vertices_[third].version;  // it is gone
    vertex.point = offer_.candidate.point;
    vertex.gate = offer_.candidate.gate;
    vertex.cut = vertices_[offer_.first].cut = {};
    vertex.next = vertices_[third].next;
    vertices_[vertex.next].previous = second;
    offer(second);
    for (std::size_t i = offer_.first, back = 0; i != kNone && back < 3; i = vertices_[i].previous, ++back) offer(i);
  }

  Axis x_, y_;
  std::vector<Gate> gates_;
  std::vector<Vertex> vertices_;
  std::vector<std::size_t> shared_;  ///< gates after corners that another border shares, ascending
  std::priority_queue<Offer> offers_;
};

}  // namespace

std::vector<core::Point> simplify(const std::deque<Corner>& corners, bool closed, const Lattice& lattice) {
  return Line(corners, closed, lattice).simplified();
}

}  // namespace wsi_lpd::raster
