#include "wsi_lpd/slide/region_file.hpp"

#include <gtest/gtest.h>

#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::slide {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;

/// A slide whose bounds begin at (1000, 500) of its level 0: coordinates count from there.
Properties some_slide() {
  Properties slide;
  slide.path = "a.mrxs";
  slide.levels = {{{10000, 8000}, 1, 1}};
  slide.bounds = {1000, 500, 4000, 3000};
  return slide;
}

core::TissueMask read(const std::string& geojson) {
  const TemporaryFolder folder;
  core::write_text_file(folder / "a.geojson", geojson);
  return tissue_from_regions(folder / "a.geojson", some_slide());
}

std::string error_of(const std::string& geojson) {
  try {
    read(geojson);
  } catch (const core::Error& error) {
    return error.what();
  }
  return "no error";
}

std::string square(int left, int top, int right, int bottom) {
  const auto point = [](int x, int y) { return "[" + std::to_string(x) + "," + std::to_string(y) + "]"; };
  return "[" + point(left, top) + "," + point(right, top) + "," + point(right, bottom) + "," + point(left, bottom) + "," +
         point(left, top) + "]";
}

std::string polygon(const std::string& rings) { return R"({"type":"Polygon","coordinates":[)" + rings + "]}"; }

std::string feature(const std::string& geometry, const std::string& name = "Tumor") {
  return R"({"type":"Feature","geometry":)" + geometry + R"(,"properties":{"objectType":"annotation","classification":{"name":")" + name +
         R"(","color":[200,0,0]}}})";
}

std::string collection(const std::string& features) { return R"({"type":"FeatureCollection","features":[)" + features + "]}"; }

/// Level-0 pixels inside, by looking at every 5th from the 2nd.
double area(const core::TissueMask& tissue) {
  double pixels = 0;
  for (int y = 2; y < 8000; y += 5) {
    for (int x = 2; x < 10000; x += 5) pixels += 25 * tissue.at(x, y);
  }
  return pixels;
}

TEST(RegionFile, HasHolesAndCountsFromTheBounds) {
  const core::TissueMask tissue = read(collection(feature(polygon(square(100, 200, 1100, 1200) + "," + square(400, 500, 600, 700)))));
  EXPECT_EQ(tissue.area, (core::Rect{1100, 700, 1000, 1000}));
  EXPECT_TRUE(tissue.at(1101, 701));
  EXPECT_TRUE(tissue.at(2099, 1699));
  EXPECT_FALSE(tissue.at(1500, 1000 + 50)) << "the hole";
  EXPECT_FALSE(tissue.at(1099, 800));
  EXPECT_EQ(area(tissue), 1000 * 1000 - 200 * 200);
}

TEST(RegionFile, UnitesRegionsOfEveryKind) {
  const std::string multi = R"({"type":"MultiPolygon","coordinates":[[)" + square(0, 0, 100, 100) + "],[" + square(200, 0, 300, 100) + "," +
                            square(220, 20, 280, 80) + "]]}";
  EXPECT_EQ(area(read(collection(feature(multi)))), 2 * 100 * 100 - 60 * 60);
  const std::string gathered = R"({"type":"GeometryCollection","geometries":[)" + polygon(square(50, 0, 150, 100)) + "," + multi + "]}";
  EXPECT_EQ(area(read(gathered)), 150 * 100 + 100 * 100 - 60 * 60) << "overlap counts once, one polygon's hole is not another's";
  const std::string point = R"({"type":"Feature","geometry":{"type":"Point","coordinates":[5,5]},"properties":null})";
  EXPECT_EQ(area(read("[" + point + "," + feature(polygon(square(0, 0, 100, 50))) + "]")), 100 * 50) << "a list, as QuPath wrote it once";
  EXPECT_NEAR(area(read(feature(polygon("[[0,0],[1000,0],[0,1000]]")))), 500'000, 3000) << "an open outline, and its slope";
}

TEST(RegionFile, CutsOutWhatIsToBeIgnored) {
  const std::string cut = feature(polygon(square(0, 0, 50, 100)), "Ignore*");
  EXPECT_EQ(area(read(collection(cut + "," + feature(polygon(square(0, 0, 100, 100)))))), 50 * 100) << "also when it comes first";
  EXPECT_THAT(error_of(collection(cut)), HasSubstr("no region"));
}

TEST(RegionFile, EndsAtTheSlidesEdge) {
  const core::TissueMask tissue = read(feature(polygon(square(-500, -500, 200, 9000))));
  EXPECT_EQ(tissue.area, (core::Rect{1000, 500, 200, 3000}));
  EXPECT_EQ(tissue.fraction(), 1);
  EXPECT_THAT(error_of(feature(polygon(square(5000, 0, 6000, 100)))), HasSubstr("outside of the slide, which is 4000 x 3000"));
}

TEST(RegionFile, LargeRegionsAreCoarserAndStillRight) {
  Properties slide = some_slide();
  slide.bounds = {0, 0, 200'000, 100'000};
  const TemporaryFolder folder;
  core::write_text_file(folder / "a.geojson", polygon("[[0,0],[200000,0],[200000,100000]]"));
  const core::TissueMask tissue = tissue_from_regions(folder / "a.geojson", slide);
  EXPECT_EQ(tissue.mask.width(), kRegionMaskSide);
  EXPECT_EQ(tissue.mask.height(), kRegionMaskSide / 2);
  EXPECT_NEAR(tissue.fraction(), 0.5, 1e-3);
}

TEST(RegionFile, LeavesOutWhatHasNoAreaAndCountsIt) {
  const TemporaryFolder folder;
  const std::string good = feature(polygon(square(0, 0, 100, 100)));
  const auto geometry = [](const std::string& json) { return R"({"type":"Feature","geometry":)" + json + R"(,"properties":{}})"; };
  const std::vector<std::string> nothing{
      geometry("null"),
      geometry(R"({"type":"Point","coordinates":[5,5]})"),
      feature(polygon("")),
      feature(polygon("[]")),
      feature(polygon("[[5,5]]")),
      feature(polygon("[[0,0],[900,900],[0,0]]")),
      feature(polygon("[[0,0],[900,900],[450,450],[0,0]]")),
      feature(polygon("[[7,7],[7,7],[7,7],[7,7]]")),
      feature(polygon("[[0,0],[900,0],[900,900],[900,0],[0,0]]")),  // there and back
      feature(R"({"type":"MultiPolygon","coordinates":[]})"),
  };
  for (const std::string& degenerate : nothing) {
    core::write_text_file(folder / "a.geojson", collection(good + "," + degenerate));
    std::vector<std::string> warnings;
    EXPECT_EQ(area(tissue_from_regions(folder / "a.geojson", some_slide(), &warnings)), 100 * 100) << degenerate;
    EXPECT_THAT(warnings, ::testing::ElementsAre(HasSubstr("a.geojson: 1 feature has parts without an area"))) << degenerate;
    EXPECT_THAT(warnings[0], HasSubstr("left out: number 2"));
    EXPECT_THAT(error_of(collection(degenerate)), AllOf(HasSubstr("it has no region"), HasSubstr("number 1"))) << "nothing is left";
  }
  std::string all = good;
  for (const std::string& degenerate : nothing) all += "," + degenerate;
  core::write_text_file(folder / "a.geojson", collection(all));
  std::vector<std::string> warnings;
  tissue_from_regions(folder / "a.geojson", some_slide(), &warnings);
  EXPECT_THAT(warnings, ::testing::ElementsAre(HasSubstr("10 features have parts")));
  EXPECT_THAT(warnings[0], HasSubstr("numbers 2, 3, 4, 5, 6 and 5 more"));
  for (const char* curve : {"CircularString", "CurvePolygon"})
    EXPECT_THAT(
        error_of(collection(geometry(R"({"type":")" + std::string(curve) + R"(","coordinates":[]})"))),
        AllOf(HasSubstr("feature 1: its geometry is of the type \"" + std::string(curve)), HasSubstr("curves must become polygons")));

  // A hole without an area is none; the polygon stays.
  EXPECT_EQ(area(read(feature(polygon(square(0, 0, 100, 100) + ",[[10,10],[20,20],[10,10]]")))), 100 * 100);
  warnings.clear();
  core::write_text_file(folder / "a.geojson", good);
  tissue_from_regions(folder / "a.geojson", some_slide(), &warnings);
  EXPECT_TRUE(warnings.empty());
}

TEST(RegionFile, FillsAnOutlineThatCrossesItselfByTheEvenOddRule) {
  // An 8: what it encloses on one side of the crossing is as large as on the other, so that its signed area is 0.
  EXPECT_NEAR(area(read(feature(polygon("[[0,0],[1000,1000],[1000,0],[0,1000],[0,0]]")))), 500'000, 6000);
}

TEST(RegionFile, KnowsTheClassesThatQuPathDerives) {
  const auto classified = [](const std::string& classification) {
    return R"({"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[50,0],[50,100],[0,100]]]},"properties":{"classification":)" +
           classification + "}}";
  };
  const std::string good = feature(polygon(square(0, 0, 100, 100)));
  for (const char* ignored : {R"({"names":["Ignore*"]})", R"({"names":["Ignore*","Positive"]})", R"({"name":"Ignore*: Positive"})"})
    EXPECT_EQ(area(read(collection(good + "," + classified(ignored)))), 50 * 100) << ignored;
  for (const char* other : {R"({"names":["Tumor","Ignore*"]})", R"({"names":[]})", R"({"name":null})", "null", "{}"})
    EXPECT_EQ(area(read(collection(good + "," + classified(other)))), 100 * 100) << other;
  EXPECT_THAT(error_of(classified(R"({"names":"Tumor"})")), HasSubstr("feature 1: its classes' names are not a list"));
  EXPECT_THAT(error_of(classified(R"({"names":[3]})")), HasSubstr("feature 1: the name of its class is not a text"));
}

TEST(RegionFile, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(error_of("{\"type\""), HasSubstr("a.geojson: is not GeoJSON ("));
  EXPECT_THAT(error_of("{}"), HasSubstr("a.geojson: feature 1: it has no \"type\""));
  const std::string deep = std::string(500'000, '[') + std::string(500'000, ']');
  EXPECT_THAT(error_of("{\"type\":" + deep + "}"), HasSubstr("a.geojson: is not GeoJSON (lists or objects"));
  EXPECT_THAT(error_of(polygon("[[0,0],[1e308,-1e308],[-1e308,1e308],[5,5]]")),
              HasSubstr("feature 1: point 2 of an outline lies at 1e+308, beyond all slides"));
  EXPECT_THAT(error_of("7"), HasSubstr("feature 1: it has no \"type\""));
  EXPECT_THAT(error_of(R"({"type":"FeatureCollection"})"), HasSubstr("it has no \"features\""));
  EXPECT_THAT(error_of(R"({"type":"FeatureCollection","features":{}})"), HasSubstr("its features are not a list"));
  EXPECT_THAT(error_of(collection("")), HasSubstr("it has no region"));
  const std::string good = feature(polygon(square(0, 0, 9, 9)));
  EXPECT_THAT(error_of(collection(good + "," + feature(R"({"type":"Polygon"})"))), HasSubstr("feature 2: it has no \"coordinates\""));
  EXPECT_THAT(error_of(feature(polygon(R"([[0,0],[1,"a"],[2,2]])"))), HasSubstr("feature 1: point 2 of an outline is not a pair"));
  EXPECT_THAT(error_of(feature(R"({"type":"Circle","coordinates":[1,2]})")), HasSubstr("of the type \"Circle\""));
  EXPECT_THAT(error_of(R"({"type":3})"), HasSubstr("its \"type\" is not a text"));
  EXPECT_THROW(tissue_from_regions("absent.geojson", some_slide()), core::Error);
}

TEST(RegionFile, IsKnownByItsName) {
  EXPECT_TRUE(is_region_file("a.geojson"));
  EXPECT_TRUE(is_region_file("b/A.GeoJSON"));
  EXPECT_TRUE(is_region_file("a.json"));
  EXPECT_FALSE(is_region_file("a.png"));
  EXPECT_FALSE(is_region_file("geojson"));
}

}  // namespace
}  // namespace wsi_lpd::slide
