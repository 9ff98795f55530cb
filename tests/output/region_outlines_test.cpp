#include "wsi_lpd/output/region_outlines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::output {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

const core::ClassScheme kClasses{{"TUM", "STR"}, "background", {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}};
constexpr std::size_t kShares = 5, kPolygons = 6;  // places in a region's list

core::Ring square(double x, double y, double side) { return {{x, y}, {x + side, y}, {x + side, y + side}, {x, y + side}}; }

MeasuredRegion region(std::size_t number, double area) {
  return {.number = number, .name = "", .class_name = "STR", .whole = {area, "mm2", {{"TUM", 0.25}, {"STR", 0.75}}}};
}

class RegionOutlines : public ::testing::Test {
 protected:
  /// What the script hands over.
  json written(const std::vector<OutlinedRegion>& regions, double unit, std::size_t most_points = kMostOutlinePoints) {
    left_ = write_region_outlines(folder_ / "a.js", regions, kClasses, unit, most_points);
    const std::string text = core::read_text_file(folder_ / "a.js"), begin = "wsiRegions(", end = ");\n";
    EXPECT_TRUE(text.starts_with(begin) && text.ends_with(end)) << text;
    return json::parse(text.substr(begin.size(), text.size() - begin.size() - end.size()));
  }
  std::size_t left_ = 0;
  testing::TemporaryFolder folder_;
};

TEST_F(RegionOutlines, RoundsCornersAndLeavesStraightOnesOut) {
  const MeasuredRegion figures = region(3, 1.5);
  core::Ring ring{{10, 10}, {30, 10.4}, {50, 10}, {50, 50.9}, {50, 30}, {50, 51}, {10, 51}, {10, 30}};
  const std::vector<core::Polygon> polygons{{ring, square(20, 20, 4)}, {square(101, 101, 0.5)}};
  const json data = written({{&figures, &polygons}}, 2);
  EXPECT_EQ(data["unit"], 2);
  const json& written = data["regions"].at(0);
  EXPECT_THAT(written.at(kPolygons).at(0).at(0), ElementsAre(5, 5, 20, 0, 0, 21, -20, 0)) << "5,5 then steps; in units of two pixels";
  EXPECT_THAT(written.at(kPolygons).at(0).at(1), ElementsAre(10, 10, 2, 0, 0, 2, -2, 0)) << "the hole";
  EXPECT_THAT(written.at(kPolygons).at(1).at(0), ElementsAre(51, 51)) << "smaller than a unit: a dot";
  EXPECT_EQ(written.at(0), 3);
  EXPECT_EQ(written.at(1), "region 3");
  EXPECT_EQ(written.at(2), "STR");
  EXPECT_EQ(written.at(3), 1) << "its class is the model's second";
  EXPECT_EQ(written.at(4), "1.5\u00a0mm²");
  EXPECT_THAT(written.at(kShares), ElementsAre("25.0\u00a0%", "75.0\u00a0%"));
}

TEST_F(RegionOutlines, LeavesTheSmallestOutWhereThereAreTooManyPoints) {
  const MeasuredRegion small = region(1, 1), large = region(2, 9), middle = region(3, 4);
  const std::vector<core::Polygon> polygons{{square(0, 0, 10)}};
  const std::vector<OutlinedRegion> regions{{&small, &polygons}, {&large, &polygons}, {&middle, &polygons}};
  json data = written(regions, 1, 8);
  EXPECT_EQ(left_, 1U);
  ASSERT_EQ(data["regions"].size(), 2U);
  EXPECT_EQ(data["regions"][0][0], 2);
  EXPECT_EQ(data["regions"][1][0], 3);
  data = written(regions, 1);
  EXPECT_EQ(left_, 0U);
  EXPECT_EQ(data["regions"].size(), 3U);
}

TEST_F(RegionOutlines, HasHotSpotsOfRegionsWithoutOutlines) {
  MeasuredRegion figures = region(0, 1);
  figures.class_name = "none of the model's";
  figures.hot_spot = MeasuredSpot{"TUM", 400, 200, 100, 0.875};
  const json data = written({{&figures, nullptr}}, 1);
  EXPECT_TRUE(data["regions"].empty());
  EXPECT_THAT(data["spots"].at(0), ElementsAre(0, 400, 200, 100, "hot spot of TUM, 87.5\u00a0%"));
}

TEST_F(RegionOutlines, KeepsAnyName) {
  MeasuredRegion figures = region(1, 1);
  figures.name = "\"</script>\\ \n肿瘤";
  const std::vector<core::Polygon> polygons{{square(0, 0, 10)}};
  EXPECT_EQ(written({{&figures, &polygons}}, 1)["regions"][0][1], figures.name);
}

}  // namespace
}  // namespace wsi_lpd::output
