#include "wsi_lpd/output/geojson.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "image/file_size_limit.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::output {
namespace {

using testing::TemporaryFolder;

const core::Frame kFrame{{100, 200, 4000, 3000}, 2, {2000, 1500}, 0.5, 0.25};
const raster::Outline kSquare{2, {{0, 0}, {10, 0}, {10, 10.25}, {0, 10}}, {{{2, 2}, {2, 4}, {4, 4}}}};

TEST(GeoJson, PlacesRegionsInLevel0PixelsFromTheBoundsAsAnnotations) {
  const TemporaryFolder folder;
  core::ClassScheme classes = core::default_class_scheme(3);
  classes.names[1] = "a \"quoted\" <name> \u6df1";
  GeoJsonFile file(folder / "slide.geojson", kFrame, classes, 8);
  file.add(kSquare);
  file.add({1, {{5, 5}, {6, 5}, {6, 6}}, {}});
  file.finish();
  const auto json = nlohmann::json::parse(core::read_text_file(folder / "slide.geojson"));
  EXPECT_EQ(json["type"], "FeatureCollection");
  ASSERT_EQ(json["features"].size(), 2U);
  const auto& feature = json["features"][0];
  const auto& rings = feature["geometry"]["coordinates"];
  ASSERT_EQ(rings.size(), 2U);
  EXPECT_EQ(rings[0].dump(), "[[0,0],[20,0],[20,20.5],[0,20],[0,0]]");
  EXPECT_EQ(rings[1].dump(), "[[4,4],[4,8],[8,8],[4,4]]");
  const auto& properties = feature["properties"];
  EXPECT_EQ(properties["classification"]["name"], classes.names[1]);
  EXPECT_EQ(properties["classification"]["color"][0], classes.colours[1].red);
  EXPECT_NEAR(properties["measurements"]["Area µm^2"].get<double>(), (101.25 - 2) * 0.25, 0.006);
  EXPECT_NEAR(properties["measurements"]["Perimeter µm"].get<double>(), kSquare.perimeter() * 0.5, 0.006);
}

TEST(GeoJson, WithoutRegionsIsAnEmptyCollection) {
  const TemporaryFolder folder;
  GeoJsonFile file(folder / "slide.geojson", kFrame, core::default_class_scheme(3), 8);
  file.finish();
  EXPECT_EQ(nlohmann::json::parse(core::read_text_file(folder / "slide.geojson"))["features"].size(), 0U);
}

TEST(GeoJson, AppearsOnlyWhenWholeAndSaysThatTheDiskIsFull) {
  const TemporaryFolder folder;
  {
    GeoJsonFile file(folder / "slide.geojson", kFrame, core::default_class_scheme(3), 8);
    file.add(kSquare);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  std::string error;
  {
    const testing::FileSizeLimit limit(20'000);
    std::optional<GeoJsonFile> file;
    try {
      file.emplace(folder / "slide.geojson", kFrame, core::default_class_scheme(3), 8);
      for (int i = 0; i < 1000; ++i) file->add(kSquare);
      file->finish();
    } catch (const core::Error& failure) {
      error = failure.what();
    }
  }
  EXPECT_EQ(error, "writing " + (folder / "slide.geojson").string() + ": File too large");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace wsi_lpd::output
