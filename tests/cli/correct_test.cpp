// What a user meets of `correct`.
#include <nlohmann/json.hpp>

#include "cli/program.hpp"

namespace wsi_lpd {
namespace {

using Json = nlohmann::json;

Json features_of(const fs::path& file) { return Json::parse(core::read_text_file(file)).at("features"); }
/// How many regions of a file are locked: a person's, once `correct` has seen them.
std::size_t locked_in(const fs::path& file) {
  const Json features = features_of(file);
  return static_cast<std::size_t>(
      std::count_if(features.begin(), features.end(), [](const Json& each) { return each["properties"].value("isLocked", false); }));
}
Json triangle(double x, const std::string& name) {
  const std::vector<std::vector<std::vector<double>>> rings{{{x, 0}, {x + 20, 0}, {x + 20, 20}, {x, 0}}};
  return {{"type", "Feature"},
          {"geometry", {{"type", "Polygon"}, {"coordinates", rings}}},
          {"properties", {{"objectType", "annotation"}, {"classification", {{"name", name}}}}}};
}

/// A result with five regions of TUM in place of what the untrained network sees.
void make_result(const fs::path& stem, const fs::path& segmented) {
  const auto with = [](fs::path name, const char* ending) { return name += ending; };
  fs::create_directories(stem.parent_path());
  for (const char* ending : {".tif", ".h5"}) fs::copy_file(with(segmented, ending), with(stem, ending));
  Json statistics = Json::parse(core::read_text_file(with(segmented, ".json")));
  statistics["files"].erase(".geojson");
  core::write_text_file(with(stem, ".json"), statistics.dump());
  Json features = Json::array();
  for (int i = 0; i < 5; ++i) {
    features.push_back(triangle(40.1 * i, "TUM"));
    features.back()["properties"]["measurements"]["Perimeter µm"] = 34;
  }
  core::write_text_file(with(stem, ".geojson"), Json{{"type", "FeatureCollection"}, {"features", features}}.dump());
}

TEST_F(Program, CorrectsAndKeepsCorrections) {
  ASSERT_EQ(run("segment data/slides/slide-1.tif -o found --overlap 0 --geojson-min-area 0 --quiet").code, 0);
  const Outcome real = run("correct found/slide-1.tif --into real.geojson");
  ASSERT_EQ(real.code, 0) << real.err;
  EXPECT_THAT(real.out, HasSubstr(" of 1 slide exported, 0 of a person kept: real.geojson\n"));
  EXPECT_EQ(features_of(path("real.geojson")).size(), features_of(path("found/slide-1.geojson")).size());
  EXPECT_EQ(locked_in(path("real.geojson")), 0U);

  make_result(path("made/slide-1"), path("found/slide-1"));
  for (const char* name : {"made/slide-1", "made/slide-1.tif", "made/slide-1.json", "made/slide-1.geojson"}) {
    const Outcome outcome = run(std::string("correct ") + name + " --into c.geojson");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "5 regions of 1 slide exported, 0 of a person kept: c.geojson\n");
  }
  Json file = Json::parse(core::read_text_file(path("c.geojson")));
  Json& features = file["features"];
  features[0]["properties"]["classification"]["name"] = "STR";
  features[1]["geometry"]["coordinates"][0][1][0] = 70;
  features[2]["properties"]["isLocked"] = true;
  features.erase(4);
  features.push_back(triangle(300, "LYM"));
  core::write_text_file(path("c.geojson"), file.dump());
  EXPECT_EQ(run("correct made/slide-1 --into c.geojson").out, "2 regions of 1 slide exported, 4 of a person kept: c.geojson\n");
  EXPECT_EQ(locked_in(path("c.geojson")), 4U) << "class, vertex, lock and drawing; the one that was deleted is back";
  const std::string kept = core::read_text_file(path("c.geojson"));
  EXPECT_EQ(run("correct made/slide-1 --into c.geojson").code, 0);
  EXPECT_EQ(core::read_text_file(path("c.geojson")), kept);
}

TEST_F(Program, CorrectsFolders) {
  ASSERT_EQ(run("segment data/slides/slide-1.tif -o found-too --overlap 0 --quiet").code, 0);
  make_result(path("many/a"), path("found-too/slide-1"));
  make_result(path("many/sub/b"), path("found-too/slide-1"));
  const Outcome all = run("correct many --into drawn/all");
  ASSERT_EQ(all.code, 0) << all.err;
  EXPECT_EQ(all.out, "10 regions of 2 slides exported, 0 of a person kept: drawn/all\n");
  EXPECT_EQ(core::read_text_file(path("drawn/all/a.geojson")), core::read_text_file(path("drawn/all/sub/b.geojson")));

  make_result(path("many/c"), path("found-too/slide-1"));
  fs::remove(path("many/c.geojson"));
  core::write_text_file(path("drawn/all/a.geojson"), "{");
  const Outcome some = run("correct many --into drawn/all");
  EXPECT_EQ(some.code, 3);
  EXPECT_THAT(some.err, AllOf(HasSubstr("1 slide has no .geojson with regions (segment again without --no-geojson): "),
                              HasSubstr("drawn/all/a.geojson: is not GeoJSON")));
  EXPECT_EQ(some.out, "5 regions of 1 slide exported, 0 of a person kept: drawn/all\n");
  EXPECT_EQ(core::read_text_file(path("drawn/all/a.geojson")), "{");
  EXPECT_FALSE(fs::exists(path("drawn/all/c.geojson")));

  core::write_text_file(path("file.geojson"), "[]");
  expect_refusal("correct many --into many", 2, "many: is the folder of the results");
  expect_refusal("correct many --into file.geojson", 2, "file.geojson: is a file, and many a folder of results");
  expect_refusal("correct many --into new.geojson", 2, "new.geojson: is named as a file, and many is a folder of results");
  expect_refusal("correct drawn --into bad", 2, "drawn: holds no complete result");
}

TEST_F(Program, RefusesToOverwriteByCorrect) {
  ASSERT_EQ(run("segment data/slides/slide-1.tif -o found-3 --overlap 0 --quiet").code, 0);
  make_result(path("to-correct/s"), path("found-3/slide-1"));
  const auto refuse = [](const std::string& into, const std::string& words, int code = 2) {
    expect_refusal("correct to-correct/s --into " + into, code, words);
  };
  refuse("to-correct/s.geojson", "to-correct/s.geojson: is a file of a result");
  refuse("found-3/slide-1.geojson", "is a file of a result");
  fs::create_symlink(path("to-correct/s.geojson"), path("link.geojson"));
  refuse("link.geojson", "link.geojson: is a file of a result");
  expect_refusal("correct to-correct/s.geojson --into to-correct/s.geojson", 2, "is the same file as the input RESULT");
  refuse("data", "data: is a folder: name a file in it, such as data/s.geojson");
  refuse("nowhere/s.geojson", "nowhere/s.geojson: its folder is not there");
  refuse("s.txt", "s.txt: its name must end in .geojson");
  refuse("''", "the argument after --into is empty");
  expect_refusal("correct to-correct/nothing --into s.geojson", 2, "to-correct/nothing: is no complete result");
  expect_refusal("correct data/slides/slide-1.tif --into s.geojson", 2, "data/slides/slide-1.tif: is no complete result");
  expect_refusal("correct to-correct/s", 2, "--into is required");

  fs::copy_file(path("to-correct/s.geojson"), path("copy.geojson"));
  refuse("copy.geojson", "copy.geojson: 5 regions that segment found have no marks of `wsi-lpd correct`", 1);
  core::write_text_file(path("empty.geojson"), "");
  refuse("empty.geojson", "empty.geojson: is not GeoJSON", 1);
  EXPECT_EQ(fs::file_size(path("empty.geojson")), 0U);

  fs::copy_file(path("found-3/slide-1.json"), path("to-correct/s.json"), fs::copy_options::overwrite_existing);
  refuse("s.geojson", "to-correct/s.geojson: is not as segment wrote it", 1);
  fs::remove(path("to-correct/s.geojson"));
  refuse("s.geojson", "to-correct/s: has no .geojson with regions: segment the slide again, without --no-geojson", 1);
  EXPECT_FALSE(fs::exists(path("s.geojson")));
}

}  // namespace
}  // namespace wsi_lpd
