#include "wsi_lpd/slide/region_labels.hpp"

#include <gtest/gtest.h>

#include <random>

#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/core/region_mark.hpp"
#include "wsi_lpd/slide/region_file.hpp"

namespace wsi_lpd::slide {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr std::uint8_t kLeftOut = RegionLabels::kLeftOut;
const std::vector<std::string> kNames{"TUM", "say \"no\"", "肿瘤/基质"};

std::string ring(const std::vector<std::pair<double, double>>& points) {
  std::string text = "[";
  for (const auto& [x, y] : points) text += (text.size() > 1 ? ",[" : "[") + std::to_string(x) + "," + std::to_string(y) + "]";
  return text + "]";
}
std::string square(double left, double top, double side) {
  return ring({{left, top}, {left + side, top}, {left + side, top + side}, {left, top + side}, {left, top}});
}
std::string feature(const std::string& rings, const std::string& classification) {
  return R"({"type":"Feature","geometry":{"type":"Polygon","coordinates":[)" + rings + R"(]},"properties":{)" +
         (classification.empty() ? "" : R"("classification":{"name":)" + classification + "}") + "}}";
}

core::Image read(const std::string& features, core::Size size, double x, double y, double pitch, std::uint8_t outside = 3) {
  const TemporaryFolder folder;
  core::write_text_file(folder / "a.geojson", R"({"type":"FeatureCollection","features":[)" + features + "]}");
  RegionLabels regions(folder / "a.geojson", {kNames, {"BACK"}}, outside);
  core::Image labels(size.width, size.height, 1, 77);
  for (std::int64_t row = 0; row < size.height; ++row)
    regions.read_row(y + static_cast<double>(row) * pitch, x, pitch, {labels.at(0, row), static_cast<std::size_t>(size.width)});
  return labels;
}

std::string error_of(const std::string& features) {
  try {
    read(features, {4, 4}, 0.5, 0.5, 1);
  } catch (const core::Error& error) {
    return error.what();
  }
  return "no error";
}

std::string row_of(const core::Image& labels, std::int64_t y) {
  std::string text;
  for (std::int64_t x = 0; x < labels.width(); ++x) text += *labels.at(x, y) == kLeftOut ? '.' : static_cast<char>('0' + *labels.at(x, y));
  return text;
}

TEST(RegionLabels, SmallerRegionsLieOnLargerOnesAndIgnoredOnesOnAll) {
  const std::string small = feature(square(2, 2, 2), R"("say \"no\"")"), large = feature(square(1, 1, 6), R"("TUM")");
  const std::string hole = feature(square(0, 0, 9) + "," + square(1, 1, 7), R"("肿瘤/基质")");
  const std::string ignored = feature(square(5, 2, 1), R"("Ignore*")"), background = feature(square(3, 5, 1), R"("BACK")");
  for (const std::string& features : {small + "," + large + "," + hole + "," + ignored + "," + background,
                                      background + "," + ignored + "," + hole + "," + large + "," + small}) {
    const core::Image labels = read(features, {10, 10}, 0.5, 0.5, 1);
    EXPECT_EQ(row_of(labels, 0), "2222222223");
    EXPECT_EQ(row_of(labels, 1), "2000000323");
    EXPECT_EQ(row_of(labels, 2), "20110.0323");
    EXPECT_EQ(row_of(labels, 5), "2003000323");
    EXPECT_EQ(row_of(labels, 9), "3333333333");
  }
  EXPECT_EQ(row_of(read(large, {4, 4}, 0.5, 0.5, 1, kLeftOut), 1), ".000");
}

TEST(RegionLabels, APixelIsInsideWhereItsCentreIs) {
  std::mt19937 random(6);
  std::uniform_real_distribution<double> place(-10, 70);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::pair<double, double>> points;  // a line that may cross itself
    for (int i = 0; i < 3 + round % 9; ++i) points.push_back({place(random), place(random)});
    const double pitch = round % 3 ? 1.3 : 0.6, left = 0.2, top = -0.4;
    const core::Image labels = read(feature(ring(points), R"("TUM")"), {40, 40}, left, top, pitch);
    for (std::int64_t y = 0; y < 40; ++y) {
      for (std::int64_t x = 0; x < 40; ++x) {
        const double at_x = left + static_cast<double>(x) * pitch, at_y = top + static_cast<double>(y) * pitch;
        bool inside = false;
        for (std::size_t i = 0; i < points.size(); ++i) {
          const auto& [ax, ay] = points[i];
          const auto& [bx, by] = points[(i + 1) % points.size()];
          if ((ay > at_y) != (by > at_y) && at_x >= ax + (at_y - ay) / (by - ay) * (bx - ax)) inside = !inside;
        }
        ASSERT_EQ(*labels.at(x, y), inside ? 0 : 3) << "round " << round << " at " << x << ", " << y;
      }
    }
  }
}

TEST(RegionLabels, DerivedClassesAreTheirOwnOrElseTheOneTheyAreDerivedFrom) {
  const TemporaryFolder folder;
  const std::vector<std::string> names{"Tumor", "Tumor: Positive", "Stroma"};
  const auto classified = [](const std::string& classification) {
    return R"({"type":"Feature","geometry":{"type":"Polygon","coordinates":[)" + square(0, 0, 4) + R"(]},"properties":{"classification":)" +
           classification + "}}";
  };
  const auto value_of = [&](const std::string& classification, const std::string& warning = "") {
    core::write_text_file(folder / "a.geojson", classified(classification));
    RegionLabels regions(folder / "a.geojson", {names, {"Other"}}, 3);
    std::uint8_t label = 77;
    regions.read_row(1.5, 1.5, 1, {&label, 1});
    EXPECT_EQ(regions.warnings().size(), warning.empty() ? 0U : 1U);
    if (!warning.empty()) {
      EXPECT_THAT(regions.warnings().at(0), HasSubstr(warning));
    }
    return static_cast<int>(label);
  };
  EXPECT_EQ(value_of(R"({"names":["Tumor"]})"), 0);
  EXPECT_EQ(value_of(R"({"names":["Tumor","Positive"]})"), 1);
  EXPECT_EQ(value_of(R"({"name":"Tumor: Positive"})"), 1);
  EXPECT_EQ(value_of(R"({"names":["Tumor","Positive","1+"]})", "regions of Tumor: Positive: 1+ are taken for Tumor: Positive"), 1);
  EXPECT_EQ(value_of(R"({"names":["Tumor","Negative"]})", "regions of Tumor: Negative are taken for Tumor"), 0);
  EXPECT_EQ(value_of(R"({"name":"Stroma: Negative"})", "are taken for Stroma"), 2);
  EXPECT_EQ(value_of(R"({"names":["Other","x"]})", "are taken for Other"), 3);
  EXPECT_EQ(value_of(R"({"names":["Ignore*","x"]})"), kLeftOut);
  EXPECT_THROW(value_of(R"({"names":["Positive","Tumor"]})"), core::Error) << "what a class is derived from comes first";
}

TEST(RegionLabels, LeavesOutWhatHasNoArea) {
  const TemporaryFolder folder;
  core::write_text_file(folder / "a.geojson",
                        "[" + feature("[[0,0],[5,5]]", R"("TUM")") + "," + feature(square(0, 0, 2), R"("TUM")") + "]");
  EXPECT_THAT(RegionLabels(folder / "a.geojson", {kNames, {"BACK"}}, 3).warnings(),
              ::testing::ElementsAre(HasSubstr("1 feature has parts without an area")));
  EXPECT_THAT(error_of(feature("[[0,0],[5,5]]", R"("TUM")")), AllOf(HasSubstr("has no region"), HasSubstr("number 1")));
}

TEST(RegionLabels, SaysWhichClassesItDoesNotKnow) {
  EXPECT_THAT(error_of(feature(square(0, 0, 1), R"("<script>")") + "," + feature(square(0, 0, 1), R"("a b")")),
              HasSubstr("has regions of <script>, a b, and the classes are TUM, say \"no\", 肿瘤/基质, beside the background BACK"));
  EXPECT_THAT(error_of(feature(square(0, 0, 1), R"("tmu")")), HasSubstr("beside the background BACK (feature 1); did you mean TUM?"));
  EXPECT_THAT(error_of(feature(square(0, 0, 1), "")), HasSubstr("has regions without a class"));
  EXPECT_THAT(error_of(""), HasSubstr("has no region"));
  EXPECT_THAT(error_of("7"), HasSubstr("feature 1"));
  EXPECT_EQ(error_of(R"({"type":"Feature","geometry":{"type":"Point","coordinates":[5,5]},"properties":null},)" +
                     feature(square(0, 0, 1), R"("TUM")")),
            "no error")
      << "a point has no area and needs no class";
}

core::Ring square_ring(double left, double top, double side) {
  return {{left, top}, {left + side, top}, {left + side, top + side}, {left, top + side}};
}
/// A feature as `correct` exports it, with `more` properties; `id` in place of its mark where one is given.
std::string exported(double left, double top, double side, const std::string& name, const std::string& more = "", std::string id = "") {
  if (id.empty()) id = core::region_mark(name, {{square_ring(left, top, side)}});
  std::string text = feature(square(left, top, side), "\"" + name + "\"");
  text.insert(1, R"("id":")" + id + R"(",)");
  return text.insert(text.size() - 2, more);
}

struct Changed {
  std::string row;  ///< pixels 0 to 9 at y = 1.5
  std::size_t regions = 0, unchanged = 0;
  core::Rect box;
  std::string error;
};
Changed changed_in(const std::string& features) {
  const TemporaryFolder folder;
  core::write_text_file(folder / "a.geojson", R"({"type":"FeatureCollection","features":[)" + features + "]}");
  try {
    RegionLabels regions(folder / "a.geojson", {{"TUM", "STR"}, {"BACK", "GLASS"}}, kLeftOut, RegionChoice::Changed);
    core::Image labels(10, 1, 1);
    regions.read_row(1.5, 0.5, 1, {labels.data(), 10});
    return {row_of(labels, 0), regions.regions(), regions.unchanged(), regions.box(), ""};
  } catch (const core::Error& error) {
    return {"", 0, 0, {}, error.what()};
  }
}

TEST(RegionLabels, TakesWhatAPersonChangedAlone) {
  const std::string kept = exported(0, 0, 2, "TUM");
  const Changed none = changed_in(kept + "," + exported(4, 0, 2, "Unheard"));
  EXPECT_EQ(none.row, "..........");
  EXPECT_EQ(none.regions, 0U);
  EXPECT_EQ(none.unchanged, 2U) << "a class that the model has not, in a region that nobody touched";
  EXPECT_TRUE(none.box.empty());
  EXPECT_EQ(changed_in("").error, "") << "nothing corrected yet";

  const std::string id = core::region_mark("TUM", {{square_ring(3, 0.5, 2)}});
  const Changed some = changed_in(kept + "," + exported(3, 0.5, 2, "STR", "", id) + "," +
                                  exported(5, 0, 2.25, "TUM", R"(,"isLocked":true)") + "," + exported(8, 1, 1, "Ignore*") + "," +
                                  exported(0, 0, 2, "STR", R"(,"isLocked":false)") + "," + feature(square(9, -1.5, 9.25), R"("BACK")"));
  EXPECT_EQ(some.row, "...1100..2") << "reclassified, locked, ignored, drawn";
  EXPECT_EQ(some.regions, 4U);
  EXPECT_EQ(some.unchanged, 2U);
  EXPECT_EQ(some.box, (core::Rect{3, -2, 16, 10}));
  EXPECT_THAT(changed_in(exported(3, 0, 2, "Unheard", "", id)).error, HasSubstr("has regions of Unheard"));
}

TEST(RegionLabels, RefusesRegionsThatLostTheirMark) {
  const auto measured = [](const std::string& id, const std::string& measurements, const std::string& more = "") {
    return exported(3, 0, 2, "TUM", R"(,"measurements":)" + measurements + more, id);
  };
  const std::string random = "0b9f1c9e-58ba-4c06-9f4d-0d7f2bb2a1d1";
  EXPECT_THAT(changed_in(exported(0, 0, 2, "TUM") + "," + measured(random, R"({"Area µm^2":1,"Perimeter µm":8})")).error,
              HasSubstr("a.geojson: 1 region that segment found has no mark of `wsi-lpd correct`, so what a person changed can't be told "
                        "(features 2)"));
  EXPECT_THAT(changed_in(measured("PathAnnotationObject", R"([{"name":"Perimeter px","value":8}])")).error, HasSubstr("no mark"));
  EXPECT_EQ(changed_in(measured(random, R"({"Perimeter µm":8})", R"(,"isLocked":true)")).regions, 1U) << "checked by a person";
  EXPECT_EQ(changed_in(measured(random, R"({"Area µm^2":8})")).regions, 1U) << "QuPath measures areas";
  EXPECT_EQ(changed_in(measured(core::region_mark("STR", {{square_ring(3, 0, 2)}}), R"({"Perimeter µm":8})")).regions, 1U);
  EXPECT_EQ(changed_in(measured("", R"({"Perimeter µm":8})")).unchanged, 1U);
}

TEST(RegionLabels, RefusesTwoClassesForOnePlace) {
  const auto drawn = [](double left, double side, const std::string& name) { return feature(square(left, 0, side), "\"" + name + "\""); };
  const std::string far = drawn(1000, 1, "TUM") + ",";
  EXPECT_THAT(changed_in(far + drawn(0, 10, "TUM") + "," + drawn(3, 10, "STR")).error,
              HasSubstr("a.geojson: features 2 (TUM) and 3 (STR) lie in nearly the same place and have different classes: delete one of "
                        "them, or give both one class"))
      << "7/13 in common";
  EXPECT_EQ(changed_in(far + drawn(0, 10, "TUM") + "," + drawn(4, 10, "STR")).error, "") << "6/14 in common";
  EXPECT_EQ(changed_in(drawn(0, 10, "TUM") + "," + drawn(1, 10, "TUM")).error, "");
  EXPECT_THAT(changed_in(drawn(0, 10, "BACK") + "," + drawn(1, 10, "TUM")).error, HasSubstr("1 (BACK) and 2 (TUM)"));
  EXPECT_EQ(changed_in(drawn(0, 10, "Ignore*") + "," + drawn(0, 10, "TUM")).error, "");
  EXPECT_EQ(changed_in(drawn(0, 10, "STR") + "," + exported(0, 0, 10, "TUM")).error, "") << "a person's beside the one it replaces";
  const std::string lower = ring({{0, 0}, {10, 10}, {0, 10}}), upper = ring({{0, 0}, {10, 0}, {10, 10}});
  EXPECT_EQ(changed_in(feature(lower, R"("TUM")") + "," + feature(upper, R"("STR")")).error, "") << "two halves of one box";
  EXPECT_EQ(changed_in(feature(square(0, 0, 10) + "," + square(1, 1, 8), R"("TUM")") + "," + drawn(1, 8, "STR")).error, "")
      << "what lies in a hole";
}

TEST(RegionLabels, FindsAContradictionAmongManyRegions) {
  std::string features;
  for (int i = 0; i < 20000; ++i) features += feature(square(i % 200 * 40, i / 200 * 40, 50), i % 2 ? R"("STR")" : R"("TUM")") + ",";
  EXPECT_EQ(changed_in(features + feature(square(0, 0, 8000), R"("TUM")")).error, "");
  EXPECT_THAT(changed_in(features + feature(square(4000, 1200, 50), R"("STR")")).error, HasSubstr("features 6101 (TUM) and 20001 (STR)"));
}

TEST(RegionLabels, TheBackgroundMayHaveSeveralNames) {
  EXPECT_EQ(changed_in(feature(square(1, 0, 3), R"("GLASS")") + "," + feature(square(6, 0, 3), R"("BACK")")).row, ".222..222.");
}

TEST(CheckCorrections, SaysAllThatATrainingRefusesAndIgnores) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder / "a.geojson";
  const RegionNames names{{"TUM", "STR"}, {"BACK"}};
  const auto check = [&](const std::string& features) {
    core::write_text_file(file, R"({"type":"FeatureCollection","features":[)" + features + "]}");
    return check_corrections(file, names, {100, 50});
  };
  const auto drawn = [](double left, double top, double side, const std::string& name) {
    return feature(square(left, top, side), name.empty() ? "" : "\"" + name + "\"") + ",";
  };
  const std::string start = file.string() + ": ", last = exported(300, 0, 4, "Unheard");  // nobody's
  const CorrectionFindings findings = check(drawn(0, 0, 10, "TUM") + drawn(1, 0, 10, "STR") + drawn(20, 0, 5, "NEC") + drawn(30, 0, 5, "") +
                                            drawn(95, 40, 10, "STR") + drawn(100, 10, 5, "TUM") + drawn(40, -0.05, 10, "BACK") +
                                            drawn(60, 20, 4, "TUM: deep") + drawn(-60, -20, 20, "Ignore*") + last);
  EXPECT_THAT(findings.refused,
              ::testing::ElementsAre(start + "has regions of NEC, and the classes are TUM, STR, beside the background BACK (feature 3)",
                                     start + "has regions without a class; give them one of TUM, STR (feature 4)",
                                     start + "features 1 (TUM) and 2 (STR) lie in nearly the same place and have different classes: delete "
                                             "one of them, or give both one class"));
  EXPECT_THAT(findings.ignored,
              ::testing::ElementsAre(start + "regions of TUM: deep are taken for TUM",
                                     start + "2 regions lie outside of the slide (100 x 50 level-0 pixels), where nothing is learnt: "
                                             "features 6 (TUM), 9 (Ignore*)",
                                     start + "1 region reaches beyond the slide (100 x 50 level-0 pixels), where nothing is learnt: "
                                             "feature 5 (STR)"));
  const CorrectionFindings none = check(drawn(0, 0, 10, "TUM") + last);
  EXPECT_TRUE(none.refused.empty() && none.ignored.empty());
  for (const std::string& features : {drawn(0, 0, 10, "NEC") + last, drawn(0, 0, 10, "TUM") + drawn(0, 0, 10, "STR") + last}) {
    const CorrectionFindings refused = check(features);
    ASSERT_EQ(refused.refused.size(), 1U);
    try {
      RegionLabels(file, names, kLeftOut, RegionChoice::Changed);
      ADD_FAILURE() << "not refused";
    } catch (const core::Error& error) {
      EXPECT_EQ(error.what(), refused.refused.front());
    }
  }
}

}  // namespace
}  // namespace wsi_lpd::slide
