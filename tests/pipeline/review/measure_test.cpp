#include "wsi_lpd/pipeline/review/measure.hpp"

#include <gmock/gmock.h>

#include <numbers>

#include "pipeline/heard_lines.hpp"
#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/pipeline/review/measure_folder.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;
using output::RegionStatistics;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IdentitySegmenter;
using testing::kPaint;
using testing::TemporaryFolder;

/// A slide of 320 x 240 px at 2 µm/px: class 1 left of column 160, class 2 right of it.
class Measure : public ::testing::Test {
 protected:
  Measure() { segment("slide"); }

  void segment(const std::string& name) {
    const fs::path slide = folder_ / (name + ".tiff");
    fs::create_directories(slide.parent_path());
    testing::write_slide(slide, {320, 240}, 2, [](std::int64_t x, std::int64_t) { return kPaint[x < 160 ? 0 : 1]; });
    IdentitySegmenter network(8, 2);
    segment::segment_slide({slide, folder_ / "results" / name, {}}, network, {.tissue = "none"}, {"m", "1", "2"}, {observer_, kNever});
  }

  static std::string ring(double left, double top, double right, double bottom) {
    const auto text = [](double x, double y) { return "[" + std::to_string(x) + "," + std::to_string(y) + "]"; };
    return "[" + text(left, top) + "," + text(right, top) + "," + text(right, bottom) + "," + text(left, bottom) + "," + text(left, top) +
           "]";
  }
  static std::string feature(const std::string& rings, const std::string& properties, const std::string& id = "") {
    return R"({"type":"Feature",)" + (id.empty() ? "" : R"("id":")" + id + "\",") + R"("geometry":{"type":"Polygon","coordinates":[)" +
           rings + R"(]},"properties":{)" + properties + "}}";
  }
  void write(const std::string& features, const std::string& file = "drawn/slide.geojson") {
    fs::create_directories((folder_ / file).parent_path());
    core::write_text_file(folder_ / file, R"({"type":"FeatureCollection","features":[)" + features + "]}");
  }
  std::vector<RegionStatistics> measure(const MeasureOptions& options = {}) {
    const output::ResultFolder results = output::read_results(folder_ / "results");
    return measure_regions(results.complete.at(0), slide::read_annotations(folder_ / "drawn/slide.geojson"), options, {observer_, kNever});
  }
  MeasuredFolder measure_all() { return measure_folder(folder_ / "results", folder_ / "drawn", {}, {observer_, kNever}); }

  TemporaryFolder folder_;
  testing::HeardLines observer_;
};

TEST_F(Measure, ARegionOfTheWholeSlideHasTheSlidesFigures) {
  write(feature(ring(0, 0, 320, 240), ""));
  const auto regions = measure();
  const output::SlideStatistics slide = output::read_results(folder_ / "results").complete.at(0).statistics;
  ASSERT_EQ(regions.size(), 1U);
  const output::SlideStatistics& figures = regions[0].figures;
  EXPECT_EQ(regions[0].pixels, 320 * 240);
  EXPECT_EQ(figures.tissue_pixels, slide.tissue_pixels);
  for (std::size_t c = 0; c < slide.per_class.size(); ++c) {
    EXPECT_EQ(figures.per_class[c].pixels, slide.per_class[c].pixels);
    EXPECT_EQ(figures.per_class[c].regions, slide.per_class[c].regions);
    EXPECT_EQ(figures.per_class[c].largest_region, slide.per_class[c].largest_region);
    EXPECT_EQ(figures.per_class[c].share_interval, slide.per_class[c].share_interval);
  }
  EXPECT_EQ(figures.interfaces, slide.interfaces);
  EXPECT_EQ(figures.squares, slide.squares);
  EXPECT_EQ(figures.mean_entropy, slide.mean_entropy);
}

TEST_F(Measure, RegionsAreMeasuredForThemselvesAndHolesAreCutOut) {
  write(feature(ring(100, 20, 200, 60), R"("name":"front","classification":{"names":["Tumor","Margin"]})", "uuid-1") + "," +
        feature(ring(110, 30, 190, 50), "") + "," +                                 // nested in the first
        feature(ring(100, 20, 200, 60) + "," + ring(150, 30, 170, 50), "") + "," +  // the first, with a hole
        feature(ring(300, 200, 1000, 1000), "") + "," +                             // reaches beyond the slide
        feature(ring(-50, -50, -10, -10), ""));
  const auto regions = measure();
  ASSERT_EQ(regions.size(), 5U);
  EXPECT_EQ(regions[0].name, "front");
  EXPECT_EQ(regions[0].class_name, "Tumor: Margin");
  EXPECT_EQ(regions[0].id, "uuid-1");
  const auto pixels = [&](std::size_t i) {
    const auto& figures = regions[i].figures;
    return std::vector{regions[i].pixels, figures.per_class[0].pixels, figures.per_class[1].pixels};
  };
  EXPECT_THAT(pixels(0), ElementsAre(100 * 40, 60 * 40, 40 * 40));
  EXPECT_THAT(pixels(1), ElementsAre(80 * 20, 50 * 20, 30 * 20));
  EXPECT_THAT(pixels(2), ElementsAre(100 * 40 - 400, 60 * 40 - 200, 40 * 40 - 200));
  EXPECT_THAT(pixels(3), ElementsAre(20 * 40, 0, 20 * 40));
  EXPECT_THAT(pixels(4), ElementsAre(0, 0, 0));
  EXPECT_EQ(regions[0].figures.per_class[0].regions, 1);
  // Of a straight line of n pixels (InterfaceCounter); the region's own border is none between classes.
  const auto length = [](double n) { return std::numbers::pi / 8 * (n + 2 * (n - 1) / std::numbers::sqrt2); };
  EXPECT_NEAR(regions[0].figures.interfaces[0].length, length(40), 1e-9);
  EXPECT_NEAR(regions[2].figures.interfaces[0].length, 2 * length(10), 1e-9);
}

TEST_F(Measure, IgnoredRegionsAreCutOutOfAllOthers) {
  write(feature(ring(0, 0, 100, 100), "") + "," + feature(ring(50, 0, 100, 100), R"("classification":{"name":"Ignore*"})"));
  const auto regions = measure();
  ASSERT_EQ(regions.size(), 1U);
  EXPECT_EQ(regions[0].pixels, 50 * 100);
}

TEST_F(Measure, RandomRectanglesHaveTheirArea) {
  std::srand(3);
  std::string features;
  std::vector<std::array<std::int64_t, 2>> expected;
  for (int i = 0; i < 40; ++i) {
    const int left = std::rand() % 300, top = std::rand() % 220, right = left + 1 + std::rand() % (319 - left),
              bottom = top + 1 + std::rand() % (239 - top);
    features += (i ? "," : "") + feature(ring(left, top, right, bottom), "");
    expected.push_back({std::int64_t{std::max(0, std::min(right, 160) - left)} * (bottom - top),
                        std::int64_t{std::max(0, right - std::max(left, 160))} * (bottom - top)});
  }
  write(features);
  const auto regions = measure();
  ASSERT_EQ(regions.size(), expected.size());
  for (std::size_t i = 0; i < regions.size(); ++i) {
    EXPECT_EQ(regions[i].figures.per_class[0].pixels, expected[i][0]) << i;
    EXPECT_EQ(regions[i].figures.per_class[1].pixels, expected[i][1]) << i;
  }
}

TEST_F(Measure, AFolderBecomesATableInLongForm) {
  segment("case2/other");
  segment("case2/bare");
  write(feature(ring(0, 0, 100, 50), R"("name":"core A-1")") + "," + feature(ring(-9, -9, -5, -5), R"("name":"core A-1")") + "," +
        feature(ring(200, 200, 210, 210), R"("classification":{"name":"Ignore*"})"));
  write("", "drawn/case2/other.geojson");
  write(feature(ring(0, 0, 9, 9), ""), "drawn/strange.GeoJSON");
  const MeasuredFolder measured = measure_all();
  EXPECT_EQ(measured.slides, 1U);
  EXPECT_EQ(measured.regions, 2U);
  EXPECT_EQ(measured.ignored, 1U);
  EXPECT_THAT(measured.empty, ElementsAre(HasSubstr("slide.tiff region 2")));
  EXPECT_THAT(measured.without, ElementsAre(HasSubstr("bare.tiff")));
  EXPECT_THAT(measured.unused, ElementsAre(HasSubstr("strange.GeoJSON")));
  ASSERT_EQ(measured.failures.size(), 1U);
  EXPECT_THAT(measured.failures.begin()->second, HasSubstr("other.geojson: has no region: polygons are wanted"));

  const core::CsvTable table = core::CsvTable::parse(measured.table, "regions.csv");
  EXPECT_THAT(table.columns,
              ElementsAre("slide", "region", "region_name", "region_class", "region_id", "class", "measure", "value", "unit"));
  std::map<std::string, std::string> values;
  for (const auto& row : table.rows) {
    EXPECT_THAT(row.fields[0], HasSubstr("slide.tiff"));
    EXPECT_EQ(row.fields[2], "core A-1");
    if (row.fields[1] == "1") values[row.fields[5] + " " + row.fields[6]] = row.fields[7] + " " + row.fields[8];
  }
  EXPECT_EQ(values[" area"], "0.02 mm2") << "100 x 50 pixels of 4 um2";
  EXPECT_EQ(values[" tissue"], "0.02 mm2");
  const std::string first = output::read_results(folder_ / "results").complete.at(0).statistics.classes.names[0];
  EXPECT_EQ(values[first + " fraction_of_region"], "1 1");
  EXPECT_EQ(values[first + " pieces"], "1 1");

  write(feature(ring(0, 0, 10, 10), ""), "drawn/slide.json");
  EXPECT_EQ(measure_all().slides, 0U);
  EXPECT_THAT(measure_all().failures,
              ::testing::Contains(::testing::Pair(HasSubstr("slide.tiff"), HasSubstr("two files have its annotations, "))));
}

TEST_F(Measure, AnnotationsOfAnotherSlideAreToldApart) {
  const auto warnings = [&](const fs::path& results, const fs::path& annotations) {
    observer_.warnings.clear();
    measure_folder(results, annotations, {}, {observer_, kNever});
    return observer_.warnings;
  };
  const fs::path results = folder_ / "results", drawn = folder_ / "drawn";
  write(feature(ring(320, 0, 400, 100), "") + "," + feature(ring(-20, -20, -1, -1), ""));
  EXPECT_THAT(measure_all().failures,
              ElementsAre(::testing::Pair(HasSubstr("slide.tiff"),
                                          AllOf(HasSubstr("drawn/slide.geojson: its regions lie outside of the slide (320 x 240 level-0 "),
                                                HasSubstr("are they of another slide, or in um?")))));
  write(feature(ring(300, 0, 340, 100), "") + "," + feature(ring(0, 0, 9, 9), "") + "," + feature(ring(318, 0, 400, 100), ""));
  EXPECT_THAT(warnings(results, drawn), ElementsAre(HasSubstr("2 regions reach beyond the slide (320 x 240 level-0 pixels), where nothing "
                                                              "is measured: feature 1, 3")));
  write(feature(ring(-1, -1, 30, 30), ""));
  EXPECT_THAT(warnings(results, drawn), ElementsAre()) << "drawn a little over the edge";
  fs::rename(drawn / "slide.geojson", drawn / "other.geojson");
  EXPECT_THAT(warnings(results, drawn / "other.geojson"), ElementsAre(HasSubstr("other.geojson: is not named for ")));
}

TEST_F(Measure, AnnotationsInMicrometresAreToldApart) {
  const fs::path slide = folder_ / "fine.tiff";  // 0.5 um/px, of which the right half is tissue
  testing::write_slide(slide, {400, 200}, 0.5, [](std::int64_t, std::int64_t) { return kPaint[0]; });
  core::write_text_file(folder_ / "tissue.geojson", "[" + feature(ring(200, 0, 400, 200), "") + "]");
  IdentitySegmenter network(8, 0.5);
  segment::segment_slide({slide, folder_ / "fine/fine", {}}, network, {.tissue = (folder_ / "tissue.geojson").string()}, {"m", "1", "2"},
                         {observer_, kNever});
  const auto warnings = [&](double left, double right) {
    write(feature(ring(left, 20, right, 80), ""), "drawn/fine.geojson");
    observer_.warnings.clear();
    EXPECT_EQ(measure_folder(folder_ / "fine", folder_ / "drawn", {}, {observer_, kNever}).slides, 1U);
    return observer_.warnings;
  };
  EXPECT_THAT(warnings(110, 190), ElementsAre(HasSubstr("0 % of its regions is tissue, and 100 % would be if their corners were in um")));
  EXPECT_THAT(warnings(210, 390), ElementsAre()) << "on the tissue";
  EXPECT_THAT(warnings(10, 90), ElementsAre()) << "on glass, and so it would be in um";
}

TEST_F(Measure, OneResultIsMeasuredAlone) {
  segment("second");
  write(feature(ring(0, 0, 9, 9), ""));
  write(feature(ring(0, 0, 9, 9), "") + "," + feature(ring(0, 0, 9, 9), ""), "drawn/second.geojson");
  write(feature(ring(0, 0, 9, 9), ""), "drawn/third.geojson");
  for (const char* name : {"second", "second.tif", "second.json"}) {
    const MeasuredFolder one = measure_folder(folder_ / "results" / name, folder_ / "drawn", {}, {observer_, kNever});
    EXPECT_EQ(one.slides, 1U);
    EXPECT_EQ(one.regions, 2U);
    EXPECT_EQ(one.name, folder_ / "results/second.regions.csv");
    EXPECT_THAT(one.unused, ElementsAre());
  }
  const MeasuredFolder whole = measure_folder(folder_ / "results/second", {}, {.grid = parse_grid("0.01mm2:class1")}, {observer_, kNever});
  EXPECT_EQ(whole.slides, 1U);
  EXPECT_EQ(whole.name, folder_ / "results/second.regions.csv");
}

TEST_F(Measure, WrongPlacesAreRefused) {
  segment("second");
  write(feature(ring(0, 0, 9, 9), ""));
  const auto refusal = [&](const fs::path& results, const fs::path& annotations) -> std::string {
    try {
      measure_folder(results, annotations, {}, {observer_, kNever});
    } catch (const core::UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal(folder_ / "results", folder_ / "nowhere"), HasSubstr("no such file or folder"));
  EXPECT_THAT(refusal(folder_ / "drawn", folder_ / "drawn"), HasSubstr("holds no complete result"));
  EXPECT_THAT(refusal(folder_ / "results", folder_ / "results"), HasSubstr("is the folder of the results"));
  fs::rename(folder_ / "drawn/slide.geojson", folder_ / "drawn/odd.geojson");
  EXPECT_THAT(refusal(folder_ / "results", folder_ / "drawn/odd.geojson"), HasSubstr("none is named odd"));
  EXPECT_THAT(refusal(folder_ / "results/nothing.tif", folder_ / "drawn"), HasSubstr("nothing.tif: is no complete result of segment"));
  fs::copy_file(folder_ / "drawn/odd.geojson", folder_ / "drawn/second.geojson");
  const MeasuredFolder one = measure_folder(folder_ / "results", folder_ / "drawn/second.geojson", {}, {observer_, kNever});
  EXPECT_EQ(one.slides, 1U);
  EXPECT_EQ(one.name.filename(), "second.regions.csv");
}

}  // namespace
}  // namespace wsi_lpd::pipeline::review
