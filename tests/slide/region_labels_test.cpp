#include "wsi_lpd/slide/region_labels.hpp"

#include <gtest/gtest.h>

#include <random>

#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/image.hpp"
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
  RegionLabels regions(folder / "a.geojson", kNames, "BACK", outside);
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
    RegionLabels regions(folder / "a.geojson", names, "Other", 3);
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
  EXPECT_THAT(RegionLabels(folder / "a.geojson", kNames, "BACK", 3).warnings(),
              ::testing::ElementsAre(HasSubstr("1 feature has parts without an area")));
  EXPECT_THAT(error_of(feature("[[0,0],[5,5]]", R"("TUM")")), AllOf(HasSubstr("has no region"), HasSubstr("number 1")));
}

TEST(RegionLabels, SaysWhichClassesItDoesNotKnow) {
  EXPECT_THAT(error_of(feature(square(0, 0, 1), R"("<script>")") + "," + feature(square(0, 0, 1), R"("a b")")),
              HasSubstr("has regions of <script>, a b, and the classes are TUM, say \"no\", 肿瘤/基质, beside the background BACK"));
  EXPECT_THAT(error_of(feature(square(0, 0, 1), "")), HasSubstr("has regions without a class"));
  EXPECT_THAT(error_of(""), HasSubstr("has no region"));
  EXPECT_THAT(error_of("7"), HasSubstr("feature 1"));
  EXPECT_EQ(error_of(R"({"type":"Feature","geometry":{"type":"Point","coordinates":[5,5]},"properties":null},)" +
                     feature(square(0, 0, 1), R"("TUM")")),
            "no error")
      << "a point has no area and needs no class";
}

}  // namespace
}  // namespace wsi_lpd::slide
