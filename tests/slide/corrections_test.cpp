#include "wsi_lpd/slide/corrections.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/slide/region_labels.hpp"

namespace wsi_lpd::slide {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

Json square(double left, double top, double side) {
  return {{left, top}, {left + side, top}, {left + side, top + side}, {left, top + side}, {left, top}};
}
/// A region as segment writes it.
Json region(const std::vector<Json>& rings, const std::string& name) {
  return {{"type", "Feature"},
          {"geometry", {{"type", "Polygon"}, {"coordinates", rings}}},
          {"properties",
           {{"objectType", "annotation"},
            {"classification", {{"name", name}, {"color", {1, 2, 3}}}},
            {"measurements", {{"Area µm^2", 100.5}, {"Perimeter µm", 40.25}}}}}};
}
void write(const fs::path& file, const Json& features) {
  core::write_text_file(file, Json{{"type", "FeatureCollection"}, {"features", features}}.dump());
}
Json features_of(const fs::path& file) { return Json::parse(core::read_text_file(file)).at("features"); }

/// What QuPath does to all coordinates.
void rewrite(Json& json) {
  if (json.is_number()) {
    json = std::round(static_cast<double>(json.get<float>()) * 100) / 100;
  } else if (json.is_array()) {
    for (Json& each : json) rewrite(each);
  }
}

const Json kResult{region({square(0.07, 0, 10.93), square(4.4, 4.4, 2)}, "TUM"),
                   region({square(100.01, 0, 10)}, "STR"),
                   region({square(200.33, 0, 10)}, "STR"),
                   region({square(300, 0, 10)}, "TUM"),
                   region({square(400, 0, 10)}, "TUM"),
                   region({square(500.1, 0, 0.02)}, "TUM")};

struct Corrections : ::testing::Test {
  void SetUp() override { write(result, kResult); }
  std::vector<std::size_t> changed() const {
    const RegionLabels labels(file, {{"TUM", "STR", "LYM"}, {"BACK"}}, RegionLabels::kLeftOut, RegionChoice::Changed);
    return {labels.regions(), labels.unchanged()};
  }
  std::string error() const {
    try {
      write_corrections(result, file);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "no error";
  }
  TemporaryFolder folder;
  fs::path result = folder / "slide.geojson", file = folder / "corrections.geojson";
};

TEST_F(Corrections, ExportsRegionsOnQuarterPixelsWithMarks) {
  const WrittenCorrections written = write_corrections(result, file);
  EXPECT_EQ(written.exported, 5U) << "one has no area on quarters of a pixel";
  EXPECT_EQ(written.kept, 0U);
  const Json features = features_of(file);
  ASSERT_EQ(features.size(), 5U);
  EXPECT_EQ(features[0]["geometry"]["coordinates"], (Json{square(0, 0, 11), square(4.5, 4.5, 2)}));
  EXPECT_EQ(features[0]["properties"], kResult[0]["properties"]);
  EXPECT_EQ(changed(), (std::vector<std::size_t>{0, 5}));
  Json rewritten = features;
  for (Json& feature : rewritten) {
    rewrite(feature["geometry"]["coordinates"]);
    feature["properties"].erase("measurements");
    feature["properties"]["isLocked"] = false;
  }
  write(file, rewritten);
  EXPECT_EQ(changed(), (std::vector<std::size_t>{0, 5})) << "as QuPath writes them";
  write_corrections(result, file);
  EXPECT_EQ(features_of(file), features);
}

TEST_F(Corrections, TakesAndKeepsExactlyWhatAPersonChanged) {
  write_corrections(result, file);
  Json features = features_of(file);
  features[0]["properties"]["classification"]["name"] = "LYM";
  features[1]["geometry"]["coordinates"][0][2][0] = 113;
  features[2]["properties"]["isLocked"] = true;
  features[2]["properties"]["name"] = "checked";
  features.erase(4);
  Json drawn = region({square(50, 50, 10)}, "STR");
  drawn["id"] = "0b9f1c9e-58ba-4c06-9f4d-0d7f2bb2a1d1";
  drawn["properties"].erase("measurements");
  features.push_back(drawn);
  features.push_back({{"type", "Point"}, {"coordinates", {5, 5}}});
  write(file, features);
  EXPECT_EQ(changed(), (std::vector<std::size_t>{4, 1})) << "class, vertex, lock and drawing against one that is as it was";

  const WrittenCorrections written = write_corrections(result, file);
  EXPECT_EQ(written.kept, 5U);
  EXPECT_EQ(written.exported, 2U) << "one untouched, one that was deleted";
  const Json again = features_of(file);
  ASSERT_EQ(again.size(), 7U);
  for (const std::size_t i : {0U, 1U, 2U}) {
    Json locked = features[i];
    locked["properties"]["isLocked"] = true;
    EXPECT_EQ(again[i], locked);
  }
  EXPECT_EQ(again[3]["id"], drawn["id"]);
  EXPECT_EQ(again[4]["geometry"]["type"], "Point");
  EXPECT_EQ(again[5], features[3]);
  EXPECT_EQ(again[6]["geometry"]["coordinates"], kResult[4]["geometry"]["coordinates"]);
  EXPECT_EQ(changed(), (std::vector<std::size_t>{4, 2}));
  write_corrections(result, file);
  EXPECT_EQ(features_of(file), again);

  write(result, Json{region({square(0, 0, 40)}, "TUM")});
  EXPECT_EQ(write_corrections(result, file).exported, 1U) << "a new result in place of the old one's regions";
  EXPECT_EQ(features_of(file).size(), 6U);
  EXPECT_EQ(changed(), (std::vector<std::size_t>{4, 1}));
}

TEST_F(Corrections, AreToldApartByTheirOrigin) {
  EXPECT_EQ(count_origins(result).unmarked, 6U);
  write_corrections(result, file);
  EXPECT_EQ(count_origins(file).exported, 5U);
  Json features = features_of(file);
  features[0]["properties"]["classification"]["name"] = "LYM";
  features[1]["geometry"]["coordinates"][0][2][0] = 113;
  features[2]["properties"]["isLocked"] = true;
  features.push_back(region({square(50, 50, 10)}, "STR"));
  features.back()["properties"].erase("measurements");
  features.push_back({{"type", "Point"}, {"coordinates", {5, 5}}});
  for (int round = 0; round < 2; ++round) {
    write(file, features);
    const RegionOrigins origins = count_origins(file);
    EXPECT_EQ(origins.drawn, 1U);
    EXPECT_EQ(origins.changed, 2U);
    EXPECT_EQ(origins.confirmed, 1U);
    EXPECT_EQ(origins.exported, 2U - static_cast<unsigned>(round));
    EXPECT_EQ(origins.unmarked, 0U);
    EXPECT_EQ(origins.persons, (std::map<std::string, std::size_t>{{"LYM", 1}, {"STR", 3}}));
    features.erase(4);
  }
}

TEST_F(Corrections, LeavesAFileThatItCannotReadAsItIs) {
  for (const auto& [text, words] : std::vector<std::pair<std::string, std::string>>{
           {"", "corrections.geojson: is not GeoJSON"},
           {"{\"type\":\"FeatureCollection\",\"features\":[{\"ty", "corrections.geojson: is not GeoJSON"},
           {"{}", "corrections.geojson: feature 1: it has no \"type\""},
           {R"([{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[["a",1]]]}}])", "feature 1: point 1"},
           {core::read_text_file(result), "corrections.geojson: 6 regions that segment found have no marks"}}) {
    core::write_text_file(file, text);
    EXPECT_THAT(error(), HasSubstr(words));
    EXPECT_EQ(core::read_text_file(file), text);
  }
  core::write_text_file(file, "[]");
  EXPECT_EQ(error(), "no error");
  const std::string before = core::read_text_file(file);
  core::write_text_file(result, "{");
  EXPECT_THAT(error(), HasSubstr("slide.geojson: is not GeoJSON"));
  EXPECT_EQ(core::read_text_file(file), before);
}

}  // namespace
}  // namespace wsi_lpd::slide
