#include "wsi_lpd/output/region_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::output {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

/// 1 mm² of 4 million pixels, a quarter of it TUM and three quarters of what has a class STR.
RegionStatistics some_region(std::size_t number, const std::string& name) {
  RegionStatistics region;
  region.number = number;
  region.id = "uuid";
  region.name = name;
  region.class_name = "Tumor: \"A\", B";
  region.pixels = 4'000'000;
  region.figures.frame = core::make_frame({0, 0, 4000, 3000}, 0.25, 0.5);
  region.figures.classes = {{"TUM", "STR"}, "background", {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}};
  region.figures.per_class = {{1'000'000, 2, 600'000}, {3'000'000, 1, 3'000'000}};
  region.figures.tissue_pixels = 4'000'000;
  return region;
}

class RegionTable : public ::testing::Test {
 protected:
  std::map<std::string, std::vector<MeasuredRegion>> read(const std::string& text) {
    core::write_text_file(folder_ / "regions.csv", text);
    return read_region_table(folder_ / "regions.csv");
  }
  testing::TemporaryFolder folder_;
};

TEST_F(RegionTable, ComesBackAsItWasWritten) {
  RegionStatistics first = some_region(1, "two\nlines, \"quoted\""), second = some_region(7, "");
  first.hot_spot = HotSpot{1, 3, 2, 100, 0.875};
  first.distances.push_back({.from = 1, .to = 0, .maximum = 200, .pixels = 8, .beyond = 2, .mean = 12.5, .quantiles = {1, 2, 3.5, 40, {}}});
  first.distances.push_back({.from = 0, .to = 1, .maximum = 50});
  for (const auto& [of, from, to] : {std::tuple{"TUM", -500.0, 0.0}, {"a b", 0.0, 12.5}, {"", -0.5, 500.0}})
    first.parts.push_back({band_name(of, from, to), {1000, 0, {250, 750}}});
  first.parts.push_back({"square 3 2", {1000, 0, {1000, 0}}});
  first.parts.push_back({"square 12 2", {1000, 0, {250, 750}}});
  second.figures.per_class = {{}, {}};
  second.figures.tissue_pixels = 0;
  second.figures.frame.mpp = 0;
  const auto slides = read(region_table_header() + region_table_lines("odd, \"name\".svs", {first, second}) +
                           region_table_lines("bytes\xff.svs", {some_region(0, "whole slide")}));
  ASSERT_EQ(slides.size(), 2U);
  EXPECT_EQ(slides.at("bytes\\xFF.svs").at(0).number, 0U);
  const std::vector<MeasuredRegion>& regions = slides.at("odd, \"name\".svs");
  ASSERT_EQ(regions.size(), 2U);
  EXPECT_EQ(regions[0].number, 1U);
  EXPECT_EQ(regions[0].name, first.name);
  EXPECT_EQ(regions[0].class_name, first.class_name);
  EXPECT_EQ(regions[0].whole.area, 1);
  EXPECT_EQ(regions[0].whole.unit, "mm2");
  EXPECT_THAT(regions[0].whole.shares, UnorderedElementsAre(Pair("TUM", 0.25), Pair("STR", 0.75)));
  ASSERT_TRUE(regions[0].hot_spot);
  EXPECT_EQ(regions[0].hot_spot->of, "STR");
  EXPECT_EQ(regions[0].hot_spot->x, 2 * 200);  // level-0 pixels
  EXPECT_EQ(regions[0].hot_spot->y, 200);
  EXPECT_EQ(regions[0].hot_spot->side, 200);
  EXPECT_EQ(regions[0].hot_spot->share, 0.875);
  ASSERT_EQ(regions[0].bands.size(), 3U) << "squares are no bands";
  EXPECT_EQ(regions[0].bands[0].of, "TUM");
  EXPECT_EQ(regions[0].bands[0].from, -500);
  EXPECT_EQ(regions[0].bands[0].to, 0);
  EXPECT_EQ(regions[0].bands[1].of, "a b");
  EXPECT_EQ(regions[0].bands[1].to, 12.5);
  EXPECT_EQ(regions[0].bands[2].of, "") << "the region's own border";
  EXPECT_EQ(regions[0].bands[2].from, -0.5);
  EXPECT_EQ(regions[0].bands[2].area.area, 0.00025);
  EXPECT_EQ(regions[0].bands[2].area.shares.at("STR"), 0.75);
  ASSERT_EQ(regions[0].squares.size(), 2U);
  EXPECT_EQ(regions[0].squares[0].column, 3);
  EXPECT_EQ(regions[0].squares[0].row, 2);
  EXPECT_EQ(regions[0].squares[0].share, 0) << "of the hot spot's class";
  EXPECT_EQ(regions[0].squares[1].column, 12);
  EXPECT_EQ(regions[0].squares[1].share, 0.75);
  ASSERT_EQ(regions[0].distances.size(), 2U);
  const MeasuredDistance& distance = regions[0].distances[0];
  EXPECT_EQ(distance.of, "STR:TUM");
  EXPECT_EQ(distance.maximum, 200);
  EXPECT_EQ(distance.beyond, 0.25);
  EXPECT_EQ(distance.mean, 12.5);
  EXPECT_THAT(distance.quantiles, ::testing::ElementsAre(1, 2, 3.5, 40, std::nullopt));
  EXPECT_EQ(regions[0].distances[1].of, "TUM:STR");
  EXPECT_EQ(regions[0].distances[1].beyond, std::nullopt) << "no pixel of the class";
  EXPECT_EQ(regions[1].number, 7U);
  EXPECT_EQ(regions[1].whole.unit, "px");
  EXPECT_EQ(regions[1].whole.area, 4'000'000);
  EXPECT_TRUE(regions[1].whole.shares.empty());
  EXPECT_FALSE(regions[1].hot_spot);
}

TEST_F(RegionTable, IsReadPieceByPiece) {
  std::vector<RegionStatistics> regions;
  for (std::size_t i = 1; i <= 3000; ++i) regions.push_back(some_region(i, "line " + std::to_string(i) + "\n\"of\"\r\nseveral"));
  const std::string table = region_table_header() + region_table_lines("a.svs", regions);
  ASSERT_GT(table.size(), std::size_t{3} << 20) << "several pieces";
  const auto slides = read(table);
  ASSERT_EQ(slides.at("a.svs").size(), regions.size());
  for (std::size_t i = 0; i < regions.size(); ++i) {
    EXPECT_EQ(slides.at("a.svs")[i].number, i + 1);
    EXPECT_EQ(slides.at("a.svs")[i].name, regions[i].name);
    EXPECT_EQ(slides.at("a.svs")[i].whole.shares.size(), 2U);
  }
}

TEST_F(RegionTable, RefusesOtherFiles) {
  const std::string header = region_table_header();
  for (const auto& [text, words] : {std::pair<std::string, const char*>{"", "is no table of regions"},
                                    {"slide,status\n", "is no table of regions"},
                                    {header + "a.svs,one,,,,,area,1,mm2\n", "'one' is no number"},
                                    {header + "a.svs,-1,,,,,area,1,mm2\n", "'-1' is no number"},
                                    {header + "a.svs,1,,,,,area,inf,mm2\n", "'inf' is no number"},
                                    {header + "a.svs,1 band TUM 0..x,,,,,area,1,mm2\n", "'x' is no number"},
                                    {header + "a.svs,1,\"open,,,,area,1,mm2\n", "regions.csv"}}) {
    try {
      read(text);
      FAIL() << text;
    } catch (const core::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(words));
      EXPECT_THAT(error.what(), HasSubstr("regions.csv"));
    }
  }
  EXPECT_TRUE(read(header).empty());
  EXPECT_THROW(read_region_table(folder_ / "none.csv"), core::Error);
}

}  // namespace
}  // namespace wsi_lpd::output
