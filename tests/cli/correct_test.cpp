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

TEST_F(Program, WarnsOfCorrectionsThatTeachNothing) {
  ASSERT_EQ(run("segment data/slides/slide-1.tif -o found-4 --overlap 0 --quiet").code, 0);
  make_result(path("doubtful/s"), path("found-4/slide-1"));
  const auto classes = Json::parse(run("info runs/latest/model.safetensors --json").out).at("classes");
  const std::string first = classes.at(0), second = classes.at(1);
  fs::create_directories(path("doubts"));
  ASSERT_EQ(run("correct doubtful --into doubts").code, 0);
  const Outcome none = run("correct doubtful --into doubts");
  EXPECT_EQ(none.code, 0);
  EXPECT_THAT(none.err, Not(HasSubstr("warning: "))) << "of our own regions nothing is said";
  Json file = Json::parse(core::read_text_file(path("doubts/s.geojson")));
  for (const Json& drawn : {triangle(300, "Unheard"), triangle(400, first), triangle(401, second), triangle(890, first),
                            triangle(5000, second), triangle(600, first)})
    file["features"].push_back(drawn);
  core::write_text_file(path("doubts/s.geojson"), file.dump());
  const std::string start = "warning: doubts/s.geojson: ";
  const Outcome folder = run("correct doubtful --into doubts"), one = run("correct doubtful/s --into doubts/s.geojson");
  for (const Outcome& outcome : {folder, one}) {
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(", 6 of a person kept: "));
    EXPECT_THAT(outcome.err, HasSubstr(start + "has regions of Unheard, and the classes are " + first));
    EXPECT_THAT(outcome.err, HasSubstr("(feature 1) (train --corrections will refuse it)\n"));
    EXPECT_THAT(outcome.err, HasSubstr(start + "features 2 (" + first + ") and 3 (" + second + ") lie in nearly the same place"));
    EXPECT_THAT(outcome.err, HasSubstr(start +
                                       "1 region lies outside of the slide (900 x 700 level-0 pixels), where nothing is learnt: "
                                       "feature 5 (" +
                                       second + ")\n"));
    EXPECT_THAT(outcome.err, HasSubstr(start +
                                       "1 region reaches beyond the slide (900 x 700 level-0 pixels), where nothing is learnt: "
                                       "feature 4 (" +
                                       first + ")\n"));
  }

  const Json info = Json::parse(run("info doubts/s.geojson --json").out).at("regions");
  EXPECT_EQ(info.at("of_a_person"), 6);
  EXPECT_EQ(info.at("of_these"), (Json{{"drawn", 6}, {"changed", 0}, {"locked_or_ignored", 0}}));
  EXPECT_EQ(info.at("as_exported_by_correct"), 5);
  EXPECT_EQ(Json::parse(run("info doubtful/s.geojson --json").out).at("regions").at("of_segment_never_exported"), 5);
  fs::copy_file(path("data/slides/slide-1.tif"), path("doubts/s.tif"));
  core::write_text_file(path("doubts/broken.geojson"), "{");
  const Json of_folder = Json::parse(run("info doubts --json").out);
  EXPECT_EQ(of_folder.at("files"), 2);
  EXPECT_EQ(of_folder.at("files_with_regions_of_a_person"), 1);
  EXPECT_EQ(of_folder.at("damaged"), 1);
  EXPECT_EQ(of_folder.at("regions").at("of_a_person_by_class"), (Json{{"Unheard", 1}, {first, 3}, {second, 2}}));
  EXPECT_EQ(of_folder.at("slides").at("slides"), 1);
}

}  // namespace
}  // namespace wsi_lpd
