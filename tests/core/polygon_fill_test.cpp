#include "wsi_lpd/core/polygon_fill.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::core {
namespace {

using Raster = std::vector<std::vector<std::uint8_t>>;

Raster painted(PolygonFill fill, Size size, double y, double x, double pitch) {
  Raster raster(static_cast<std::size_t>(size.height), std::vector<std::uint8_t>(static_cast<std::size_t>(size.width), 9));
  for (std::vector<std::uint8_t>& row : raster) {
    fill.paint_row(y, x, pitch, row);
    y += pitch;
  }
  return raster;
}

std::string text_of(const Raster& raster) {
  std::string text;
  for (const std::vector<std::uint8_t>& row : raster) {
    for (const std::uint8_t value : row) text += value == 9 ? '.' : static_cast<char>('0' + value);
    text += '\n';
  }
  return text;
}

/// Counts the sides to the left of a point one by one.
bool is_inside(const Polygon& polygon, double x, double y) {
  bool inside = false;
  for (const Ring& ring : polygon) {
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const Point &a = ring[i], &b = ring[(i + 1) % ring.size()];
      if ((a.y <= y) != (b.y <= y) && a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x) <= x) inside = !inside;
    }
  }
  return inside;
}

TEST(PolygonFill, HolesStayAndLaterPolygonsCoverEarlierOnes) {
  PolygonFill fill;
  fill.add({{{0, 0}, {6, 0}, {6, 5}, {0, 5}}, {{1, 1}, {3, 1}, {3, 4}, {1, 4}}}, 1);
  fill.add({{{2, 3}, {8, 3}, {8, 9}, {2, 9}}}, 2);
  EXPECT_EQ(text_of(painted(fill, {7, 6}, 0.5, 0.5, 1)),
            "111111.\n"
            "1..111.\n"
            "1..111.\n"
            "1.22222\n"
            "1122222\n"
            "..22222\n");
}

// Two squares side by side share their border: each pixel whose centre lies on it belongs to one of them, the right or the lower one.
TEST(PolygonFill, CentresOnABorderBelongToOnePolygon) {
  PolygonFill fill;
  fill.add({{{0, 0}, {2, 0}, {2, 4}, {0, 4}}}, 1);
  fill.add({{{2, 0}, {4, 0}, {4, 2}, {2, 2}}}, 2);
  fill.add({{{2, 2}, {4, 2}, {4, 4}, {2, 4}}}, 3);
  EXPECT_EQ(text_of(painted(fill, {6, 6}, 0, 0, 1)),
            "1122..\n"
            "1122..\n"
            "1133..\n"
            "1133..\n"
            "......\n"
            "......\n");
}

TEST(PolygonFill, RandomPolygonsAreFilledAsTheirPointsSay) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> real(-5, 25);
  std::uniform_int_distribution<int> whole(-5, 25);
  for (int round = 0; round < 300; ++round) {
    // Whole numbers put corners and sides through pixel centres; rings cross themselves and each other.
    const auto at = [&] { return round % 2 ? whole(random) / 2.0 : real(random); };
    std::vector<Polygon> polygons(1 + random() % 4);
    PolygonFill fill;
    for (std::size_t p = 0; p < polygons.size(); ++p) {
      polygons[p].resize(1 + random() % 3);
      for (Ring& ring : polygons[p]) {
        for (std::size_t corner = 0; corner < 3 + static_cast<std::size_t>(round) % 5; ++corner) ring.push_back({at(), at()});
      }
      fill.add(polygons[p], static_cast<std::uint8_t>(p));
    }
    const double pitch = round % 3 ? 1 : 0.75;
    const Raster raster = painted(fill, {22, 21}, 0.5, -0.5, pitch);
    for (std::size_t y = 0; y < raster.size(); ++y) {
      for (std::size_t x = 0; x < raster[y].size(); ++x) {
        std::uint8_t expected = 9;
        for (std::size_t p = 0; p < polygons.size(); ++p) {
          if (is_inside(polygons[p], -0.5 + static_cast<double>(x) * pitch, 0.5 + static_cast<double>(y) * pitch))
            expected = static_cast<std::uint8_t>(p);
        }
        ASSERT_EQ(raster[y][x], expected) << round << ": " << x << ' ' << y;
      }
    }
  }
}

TEST(PolygonFill, RowsMayBeSkippedButNotComeBack) {
  PolygonFill fill;
  fill.add({{{0, 0}, {4, 0}, {4, 2}, {0, 2}}, {{0, 6}, {4, 6}, {4, 8}, {0, 8}}}, 1);
  std::vector<std::uint8_t> row(4, 9);
  fill.paint_row(4.5, 0.5, 1, row);
  EXPECT_EQ(row, std::vector<std::uint8_t>(4, 9));
  fill.paint_row(7.5, 0.5, 1, row);
  EXPECT_EQ(row, std::vector<std::uint8_t>(4, 1));
  EXPECT_THROW(fill.paint_row(7, 0.5, 1, row), Error);
}

}  // namespace
}  // namespace wsi_lpd::core
