#include "wsi_lpd/core/region_mark.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

namespace wsi_lpd::core {
namespace {

const Polygon kOutline{{{100.25, 7}, {400000.5, 7.75}, {311.75, 900.25}, {95, 400}}, {{200, 50}, {250, 50}, {225.5, 99.25}}};
const Polygon kOther{{{5, 5}, {5, 9}, {9, 9}}};

/// What QuPath and other programs do to a region on its way.
Polygon rewritten(Polygon polygon, std::mt19937& random) {
  for (Ring& ring : polygon) {
    std::rotate(ring.begin(), ring.begin() + static_cast<std::ptrdiff_t>(random() % ring.size()), ring.end());
    if (random() % 2) std::reverse(ring.begin(), ring.end());
    if (random() % 2) ring.push_back(ring.front());
    if (random() % 2) ring.insert(ring.begin() + 1, ring[1]);
    const Point first = ring[0], second = ring[1];
    const Point middle{(first.x + second.x) / 2, (first.y + second.y) / 2};  // it may lie between quarters: then it would be a corner
    if (middle.x == quarter_pixel(middle.x) && middle.y == quarter_pixel(middle.y)) ring.insert(ring.begin() + 1, middle);
    for (Point& point : ring) {
      for (double* coordinate : {&point.x, &point.y}) {
        *coordinate = static_cast<double>(static_cast<float>(*coordinate));
        *coordinate = std::round(*coordinate * 100) / 100;
        *coordinate += static_cast<double>(random() % 3) * 0.01 - 0.01;
      }
    }
  }
  return polygon;
}

TEST(RegionMark, SurvivesWhatProgramsDoToARegion) {
  const std::string mark = region_mark("TUM", {kOutline, kOther});
  EXPECT_THAT(mark, ::testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_TRUE(is_region_mark(mark));
  EXPECT_FALSE(is_region_mark("0b9f1c9e-58ba-4c06-9f4d-0d7f2bb2a1d1"));
  EXPECT_FALSE(is_region_mark("PathAnnotationObject"));
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    Polygon first = rewritten(kOutline, random), second = rewritten(kOther, random);
    if (round % 2) std::swap(first, second);
    ASSERT_EQ(region_mark("TUM", {first, second}), mark);
  }
  Polygon holes = kOutline;
  holes.push_back(kOther[0]);
  const std::string with_two = region_mark("TUM", {holes});
  std::swap(holes[1], holes[2]);
  EXPECT_EQ(region_mark("TUM", {holes}), with_two);
}

TEST(RegionMark, DoesNotCountPointsOnStraightLines) {
  const std::string mark = region_mark("A", {{{{0, 0}, {8, 0}, {8, 4}, {0, 4}}}});
  for (int turn = 0; turn < 9; ++turn) {
    Ring ring{{0, 0}, {2, 0}, {5, 0}, {8, 0}, {8, 4}, {6, 4}, {0, 4}, {0, 1}, {0, 0.25}};
    std::rotate(ring.begin(), ring.begin() + turn, ring.end());
    EXPECT_EQ(region_mark("A", {{ring}}), mark) << turn;
    ring.push_back(ring.front());
    EXPECT_EQ(region_mark("A", {{ring}}), mark) << turn;
    std::reverse(ring.begin(), ring.end());
    EXPECT_EQ(region_mark("A", {{ring}}), mark) << turn;
  }
  EXPECT_NE(region_mark("A", {{{{0, 0}, {4, 0.25}, {8, 0}, {8, 4}, {0, 4}}}}), mark);
}

TEST(RegionMark, ChangesWithWhatAPersonChanges) {
  std::set<std::string> marks{region_mark("TUM", {kOutline}),
                              region_mark("STR", {kOutline}),
                              region_mark("", {kOutline}),
                              region_mark("TUM", {kOutline, kOther}),
                              region_mark("TUM", {{kOutline[0]}}),
                              region_mark("TUM", {{kOutline[1], kOutline[0]}}),
                              region_mark("TUM", {{kOutline[0]}, {kOutline[1]}})};
  std::size_t count = 7;
  for (std::size_t ring = 0; ring < kOutline.size(); ++ring) {
    for (std::size_t i = 0; i < kOutline[ring].size(); ++i) {
      Polygon moved = kOutline;
      moved[ring][i].x += 1;
      marks.insert(region_mark("TUM", {moved}));
      moved[ring][i] = {kOutline[ring][i].x, kOutline[ring][i].y - 1};
      marks.insert(region_mark("TUM", {moved}));
      moved[ring].erase(moved[ring].begin() + static_cast<std::ptrdiff_t>(i));
      marks.insert(region_mark("TUM", {moved}));
      count += 3;
    }
  }
  Polygon with_hole = kOutline;
  with_hole.push_back(kOther[0]);
  marks.insert(region_mark("TUM", {with_hole}));
  EXPECT_EQ(marks.size(), count + 1);
}

TEST(RegionMark, IsOneForARingThatMeetsItself) {
  const Ring eight{{0, 0}, {3, 1}, {4, 3}, {0, 0}, {1, 3}, {-2, 5}};
  const std::string mark = region_mark("A", {{eight}});
  for (std::size_t turn = 1; turn < eight.size(); ++turn) {
    Ring turned = eight;
    std::rotate(turned.begin(), turned.begin() + static_cast<std::ptrdiff_t>(turn), turned.end());
    EXPECT_EQ(region_mark("A", {{turned}}), mark);
    std::reverse(turned.begin(), turned.end());
    EXPECT_EQ(region_mark("A", {{turned}}), mark);
  }
  EXPECT_EQ(region_mark("A", {}), region_mark("A", {}));
  EXPECT_NE(region_mark("A", {}), region_mark("A", {{}}));
}

TEST(RegionMark, QuarterPixelsAreExactInTwoDecimalsAndFloats) {
  for (const double value : {0.0, 0.13, 4000000.37, -17.6}) {
    const double quarter = quarter_pixel(value);
    EXPECT_LE(std::abs(quarter - value), 0.125);
    EXPECT_EQ(std::round(quarter * 100) / 100, quarter);
    EXPECT_EQ(static_cast<double>(static_cast<float>(quarter)), quarter);
  }
}

}  // namespace
}  // namespace wsi_lpd::core
