#include "wsi_lpd/raster/outlines.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/raster/regions.hpp"

namespace wsi_lpd::raster {
namespace {

using Raster = std::vector<std::vector<std::uint8_t>>;

std::vector<Outline> trace(const Raster& raster, int classes, std::int64_t min_pixels = 0, Lattice lattice = {}) {
  if (lattice.size.width == 0) {
    lattice.size = {static_cast<std::int64_t>(raster[0].size()), static_cast<std::int64_t>(raster.size())};
    lattice.right = static_cast<double>(lattice.size.width);
    lattice.bottom = static_cast<double>(lattice.size.height);
  }
  std::vector<Outline> outlines;
  OutlineTracer tracer(lattice, classes, min_pixels, [&](const Outline& outline) { outlines.push_back(outline); });
  for (const auto& row : raster) tracer.add_row(row);
  tracer.finish();
  return outlines;
}

std::vector<const core::Ring*> rings_of(const Outline& outline) {
  std::vector<const core::Ring*> rings{&outline.outer};
  for (const core::Ring& hole : outline.holes) rings.push_back(&hole);
  return rings;
}

bool inside(const Outline& outline, double x, double y) {
  bool in = false;
  for (const core::Ring* ring : rings_of(outline)) {
    for (std::size_t i = 0, j = ring->size() - 1; i < ring->size(); j = i++) {
      const core::Point &a = (*ring)[i], &b = (*ring)[j];
      if ((a.y > y) != (b.y > y) && x < (b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x) in = !in;
    }
  }
  return in;
}

double turn(const core::Point& a, const core::Point& b, const core::Point& c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

bool on_segment(const core::Point& a, const core::Point& b, const core::Point& p) {
  return std::abs(turn(a, b, p)) < 1e-9 && p.x >= std::min(a.x, b.x) - 1e-9 && p.x <= std::max(a.x, b.x) + 1e-9 &&
         p.y >= std::min(a.y, b.y) - 1e-9 && p.y <= std::max(a.y, b.y) + 1e-9;
}

bool meet(const core::Point& a, const core::Point& b, const core::Point& c, const core::Point& d) {
  if (on_segment(a, b, c) || on_segment(a, b, d) || on_segment(c, d, a) || on_segment(c, d, b)) return true;
  return (turn(a, b, c) > 0) != (turn(a, b, d) > 0) && (turn(c, d, a) > 0) != (turn(c, d, b) > 0);
}

/// Do lines of the polygon's rings meet anywhere but at the corners of one ring?
bool is_simple(const Outline& outline) {
  struct Segment {
    core::Point a, b;
    std::size_t ring, index, count;
  };
  std::vector<Segment> segments;
  const auto rings = rings_of(outline);
  for (std::size_t r = 0; r < rings.size(); ++r) {
    if (rings[r]->size() < 3) return false;
    for (std::size_t i = 0; i < rings[r]->size(); ++i)
      segments.push_back({(*rings[r])[i], (*rings[r])[(i + 1) % rings[r]->size()], r, i, rings[r]->size()});
  }
  for (std::size_t i = 0; i < segments.size(); ++i) {
    for (std::size_t j = i + 1; j < segments.size(); ++j) {
      const Segment &s = segments[i], &t = segments[j];
      if (s.ring == t.ring && (s.index + 1) % s.count == t.index) {
        if (on_segment(s.a, s.b, t.b)) return false;  // a spike
      } else if (s.ring == t.ring && (t.index + 1) % s.count == s.index) {
        if (on_segment(t.a, t.b, s.b)) return false;
      } else if (meet(s.a, s.b, t.a, t.b)) {
        return false;
      }
    }
  }
  return true;
}

Raster noise(std::mt19937& random, std::int64_t width, std::int64_t height, int values, int smooth) {
  Raster raster(static_cast<std::size_t>(height), std::vector<std::uint8_t>(static_cast<std::size_t>(width)));
  std::vector<std::array<double, 3>> seeds;  // a Voronoi diagram, roughened
  for (int i = 0; i < 3 + smooth; ++i) {
    const auto pick = [&](std::int64_t until) { return std::uniform_real_distribution(0.0, static_cast<double>(until))(random); };
    seeds.push_back({pick(width), pick(height), static_cast<double>(random() % static_cast<unsigned>(values))});
  }
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      double best = 1e9;
      for (const auto& [sx, sy, value] : seeds) {
        const double distance = std::hypot(static_cast<double>(x) - sx, static_cast<double>(y) - sy);
        if (distance < best) best = distance, raster[y][x] = static_cast<std::uint8_t>(value);
      }
      if (smooth == 0 || random() % 12 == 0) raster[y][x] = static_cast<std::uint8_t>(random() % static_cast<unsigned>(values));
    }
  }
  return raster;
}

/// Corners where two values cross over: there the larger is joined and 1/4 pixel is taken from the other.
int crossings(const Raster& raster) {
  int count = 0;
  for (std::size_t y = 1; y < raster.size(); ++y) {
    for (std::size_t x = 1; x < raster[0].size(); ++x) {
      const int a = raster[y - 1][x - 1], b = raster[y - 1][x], c = raster[y][x - 1], d = raster[y][x];
      count += a != b && a != c && d != b && d != c && (a == d || b == c);
    }
  }
  return count;
}

TEST(Outlines, HoldEveryPixelCentreAndCrossNothing) {
  std::mt19937 random(11);
  for (int round = 0; round < 400; ++round) {
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    const int classes = pick(1, 4), width = pick(1, 40), height = pick(1, 40);
    Raster raster = noise(random, width, height, classes + 2, round % 3 * 6);
    const std::vector<Outline> outlines = trace(raster, classes);
    for (auto& row : raster) std::replace(row.begin(), row.end(), static_cast<std::uint8_t>(classes + 1), std::uint8_t{0});  // is nothing
    std::map<int, double> areas;
    for (const Outline& outline : outlines) {
      ASSERT_TRUE(is_simple(outline)) << round;
      ASSERT_GT(outline.area(), 0);
      areas[outline.value] += outline.area();
      for (const core::Ring* ring : rings_of(outline)) {
        for (const core::Point& point : *ring) {
          ASSERT_TRUE(point.x > -1e-6 && point.x < width + 1e-6 && point.y > -1e-6 && point.y < height + 1e-6) << round;
        }
      }
    }
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const int expected = raster[y][x];
        int found = 0, hits = 0;
        for (const Outline& outline : outlines) {
          if (inside(outline, x + 0.5, y + 0.5)) found = outline.value, ++hits;
        }
        ASSERT_EQ(hits, expected > 0) << round << ": " << x << ' ' << y;
        ASSERT_EQ(found, expected) << round << ": " << x << ' ' << y;
      }
    }
    std::map<int, int> pixels;
    for (const auto& row : raster) {
      for (const std::uint8_t value : row) ++pixels[value];
    }
    for (int c = 1; c <= classes; ++c) EXPECT_NEAR(areas[c], pixels[c], 1e-6 + crossings(raster) / 4.0) << round;
  }
}

TEST(Outlines, RegionsAreThoseThatAreCounted) {
  std::mt19937 random(12);
  for (int round = 0; round < 100; ++round) {
    Raster raster = noise(random, 50, 40, 2, 5 + round % 8);  // one class, which is joined at every crossing
    RegionCounter counter(1);
    for (const auto& row : raster) counter.add_row(row);
    const RegionCounter::Count count = counter.finish()[0];
    const std::vector<Outline> outlines = trace(raster, 1);
    EXPECT_EQ(static_cast<std::int64_t>(outlines.size()), count.regions);
    std::size_t large = 0;
    for (const Outline& outline : outlines) large += outline.area() > 9.5;
    EXPECT_NEAR(static_cast<double>(trace(raster, 1, 10).size()), static_cast<double>(large), 2);
  }
}

TEST(Outlines, NeighboursShareTheirBorder) {
  std::mt19937 random(13);
  const Raster raster = noise(random, 60, 60, 4, 12);
  double area = 0;
  std::multimap<std::pair<double, double>, std::pair<double, double>> edges;  // each line of one is the other's in reverse
  for (const Outline& outline : trace(raster, 4)) {
    area += outline.area();
    for (const core::Ring* ring : rings_of(outline)) {
      for (std::size_t i = 0; i < ring->size(); ++i) {
        const core::Point &a = (*ring)[i], &b = (*ring)[(i + 1) % ring->size()];
        const auto [first, last] = edges.equal_range({b.x, b.y});
        const auto twin = std::find_if(first, last, [&](const auto& edge) { return edge.second == std::pair(a.x, a.y); });
        if (twin != last) {
          edges.erase(twin);
        } else {
          edges.insert({{a.x, a.y}, {b.x, b.y}});
        }
      }
    }
  }
  double without = 0;  // what is left encloses all regions together
  for (const auto& [a, b] : edges) without += (a.first * b.second - b.first * a.second) / 2;
  EXPECT_NEAR(without, area, 1e-6);
}

TEST(Outlines, AreExactAndShortForADisc) {
  Raster raster(220, std::vector<std::uint8_t>(220));
  int pixels = 0;
  for (int y = 0; y < 220; ++y) {
    for (int x = 0; x < 220; ++x) pixels += raster[y][x] = std::hypot(x + 0.5 - 110, y + 0.5 - 110) < 100;
  }
  const std::vector<Outline> outlines = trace(raster, 1);
  ASSERT_EQ(outlines.size(), 1U);
  EXPECT_NEAR(outlines[0].area(), pixels, 1e-6);
  EXPECT_NEAR(outlines[0].perimeter(), 2 * 3.14159265 * 100, 0.02 * 2 * 3.14159265 * 100);  // pixel edges would say 800
  EXPECT_LT(outlines[0].outer.size(), 100U);                                                // of 800 pixel edges
}

TEST(Outlines, LastColumnAndRowMayBeNarrow) {
  const Raster raster(10, std::vector<std::uint8_t>(10, 1));
  const std::vector<Outline> outlines = trace(raster, 1, 0, {{10, 10}, 8, 73, 79});
  ASSERT_EQ(outlines.size(), 1U);
  EXPECT_NEAR(outlines[0].area(), 73 * 79, 1e-6);
  EXPECT_EQ(outlines[0].outer.size(), 5U);  // the rectangle, begun in the middle of a side
}

TEST(Outlines, RefusesRowsThatDoNotFit) {
  OutlineTracer tracer({{4, 2}, 1, 4, 2}, 1, 0, [](const Outline&) {});
  EXPECT_THROW(tracer.add_row(std::vector<std::uint8_t>(5)), core::Error);
  EXPECT_THROW(tracer.finish(), core::Error);
}

}  // namespace
}  // namespace wsi_lpd::raster
