// What `segment` leaves behind: for other programs, for other commands, and when it is stopped.
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "cli/program.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/label_reader.hpp"

namespace wsi_lpd {
namespace {

/// What segment wrote for `slide`, opened by openslide-python, tifffile and h5py.
void expect_others_open(const fs::path& stem) { EXPECT_TRUE(testing::run_python("cli/open_results.py", {stem.string()})) << stem; }

TEST_F(Program, WritesWhatOtherProgramsOpen) {
  WSI_LPD_NEEDS_PYTHON();
  ASSERT_EQ(run("segment data/slides/slide-1.tif -o opened --geojson-min-area 0").code, 0);
  expect_others_open(path("opened/slide-1"));
  EXPECT_TRUE(testing::run_python("output/brute_force.py", {path("opened/slide-1").string(), path("opened/summary.csv").string()}));
  // At 0.5 um/px, the nearest to 2 um/px of two levels is the second
  EXPECT_TRUE(testing::run_python("output/read_geojson.py", {path("opened/slide-1").string(), "1", "0"}));
  ASSERT_EQ(run("segment data/slides/slide-1.tif -o opened --no-geojson").code, 0);
  EXPECT_FALSE(fs::exists(path("opened/slide-1.geojson"))) << "of another configuration";
}

TEST_F(Program, WritesTilesThatOtherProjectsLoad) {
  WSI_LPD_NEEDS_PYTHON();
  ASSERT_EQ(run("segment data/slides/slide-1.tif -o tiles --overlap 0.5").code, 0);
  EXPECT_TRUE(testing::run_python("cli/load_tiles.py", {path("tiles/slide-1.h5").string(), path("data/slides/slide-1.tif").string()}));
  if (std::system("command -v h5dump >/dev/null") != 0) GTEST_SKIP() << "no h5dump here (scripts/setup --tests)";
  ASSERT_EQ(std::system(("h5dump -H '" + path("tiles/slide-1.h5").string() + "' >'" + path("dump.txt").string() + "'").c_str()), 0);
  for (const char* name : {"coords", "features", "prototypes", "scores", "mask", "probabilities"})
    EXPECT_THAT(core::read_text_file(path("dump.txt")), HasSubstr("DATASET \"" + std::string(name) + "\""));
}

TEST_F(Program, TellsResultsOfSeveralSetsOfOptions) {
  ASSERT_EQ(run("segment data/slides/slide-1.tif --tissue none -o mixed-options").code, 0);
  EXPECT_THAT(run("status mixed-options --verify").out, Not(HasSubstr("sets of options")));
  fs::copy_file(path("data/slides/slide-1.tif"), path("options-differ.tif"));
  ASSERT_EQ(run("segment options-differ.tif --tissue none --overlap 0 -o mixed-options").code, 0);
  EXPECT_THAT(run("status mixed-options --verify").out, HasSubstr("the complete slides were made with 2 sets of options"));
  EXPECT_THAT(run("status mixed-options --verify").out, Not(HasSubstr("models")));
  EXPECT_THAT(run("status mixed-options --verify").out,
              HasSubstr("1 slide has results under several names in mixed-options (options-differ, slide-1): "));
}

TEST_F(Program, WritesOmeTiffUnderANameThatEveryCommandFinds) {
  const std::string segment = "segment data/slides/slide-1.tif --tissue none ";
  ASSERT_EQ(run(segment + "-o plain").code, 0);
  const Outcome outcome = run(segment + "-o nested --ome --probabilities --prototypes");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_FALSE(fs::exists(path("nested/slide-1.tif")));
  EXPECT_TRUE(image::read_labels(path("nested/slide-1.ome.tif")) == image::read_labels(path("plain/slide-1.tif")));
  EXPECT_EQ(core::read_text_file(path("nested/slide-1.geojson")), core::read_text_file(path("plain/slide-1.geojson")));
  EXPECT_GT(image::read_size(path("nested/slide-1.prototypes.jpg")).height, 4 * 150);
  EXPECT_EQ(nlohmann::json::parse(run("info nested/slide-1.ome.tif --json").out)["values"]["1"], "TUM");
  EXPECT_EQ(nlohmann::json::parse(run("info nested/slide-1.probabilities.ome.tif --json").out)["kind"], "class probabilities");
  EXPECT_EQ(nlohmann::json::parse(run("compare nested/slide-1.ome.tif plain/slide-1.tif --json").out)["mIoU"], 1);
  EXPECT_THAT(run("status nested").out, HasSubstr("1 complete, 0 failed, 0 unfinished"));
  EXPECT_THAT(run("report nested --deep-zoom").out, HasSubstr("1 with deep zoom"));
  expect_refusal("batch nested -o bad", 2, "no slide was found");  // results are none
  if (!testing::python_readers().empty()) {
    EXPECT_TRUE(testing::run_python("cli/open_probabilities.py", {path("nested/slide-1").string()}));
  }

  EXPECT_THAT(run(segment + "-o nested --ome --probabilities --prototypes").out, HasSubstr("already done"));
  EXPECT_THAT(run(segment + "-o nested").out, HasSubstr("1 done"));
  for (const char* file : {"slide-1.ome.tif", "slide-1.probabilities.ome.tif", "slide-1.prototypes.jpg"})
    EXPECT_FALSE(fs::exists(path("nested") / file)) << file << " is of another configuration";
  EXPECT_EQ(core::read_text_file(path("nested/slide-1.tif")), core::read_text_file(path("plain/slide-1.tif")));
  fs::create_directories(path("mixed"));
  fs::copy_file(path("data/slides/slide-1.tif"), path("mixed/a.ome.tif"));
  expect_refusal("segment data/slides/slide-1.tif mixed/a.ome.tif -o mixed", 2, "overwrite the slide mixed/a.ome.tif");
}

TEST_F(Program, SegmentsAnOmeTiffOfTifffile) {
  WSI_LPD_NEEDS_PYTHON();
  ASSERT_TRUE(testing::run_python("cli/write_ome.py", {path("data/slides/slide-1.tif").string(), path("slide.ome.tif").string()}));
  const Outcome info = run("info slide.ome.tif --json");
  ASSERT_EQ(info.code, 0) << info.err;
  const auto json = nlohmann::json::parse(info.out);
  EXPECT_EQ(json["vendor"], "ome-tiff");
  EXPECT_EQ(json["mpp"], 0.25);
  EXPECT_EQ(json["mpp_source"], "ome");
  ASSERT_EQ(json["levels"].size(), 3U);
  EXPECT_EQ(json["levels"][2]["downsample"], 4);
  const Outcome segmented = run("segment slide.ome.tif -o ome");
  ASSERT_EQ(segmented.code, 0) << segmented.err;
  EXPECT_EQ(image::read_size(path("ome/slide.tif")), (core::Size{450, 350}));
}

TEST_F(Program, SegmentsRealSlides) {
  WSI_LPD_NEEDS_DATA(data);
  WSI_LPD_NEEDS_PYTHON();
  const std::string aperio = "'" + (data / "slides/CMU-1-Small-Region.svs").string() + "'";
  const std::string jpeg2000 = "'" + (data / "slides/tcga-cr-7395-01a-01-ts1.svs").string() + "'";
  ASSERT_EQ(run("segment " + aperio + " -o real --overlap 0").code, 0);
  ASSERT_EQ(run("segment " + jpeg2000 + " -o real --overlap 0 --mpp 0.25").code, 0);
  expect_others_open(path("real/CMU-1-Small-Region"));
  expect_others_open(path("real/tcga-cr-7395-01a-01-ts1"));
  const std::string without_mpp = "'" + (data / "slides/oral-scc.tif").string() + "'";
  expect_refusal("segment " + without_mpp + " -o bad", 1, "--mpp");
  ASSERT_EQ(run("segment " + without_mpp + " -o real --overlap 0 --mpp 0.25").code, 0);
  expect_others_open(path("real/oral-scc"));
  for (const char* name : {"broken.svs", "unopenable.tiff", "unreadable.svs"}) {
    expect_refusal("segment '" + (data / "broken" / name).string() + "' -o bad", 1, name);
  }
}

/// Slides and classes whose names want to be markup, a path, or two cells of a table.
TEST_F(Program, TakesAnyName) {
  std::string model = core::read_text_file(path("runs/latest/model.safetensors"));
  const std::size_t classes = model.find("\"classes\":");
  for (const auto& [name, odd] : {std::pair{"TUM", "<b>"}, {"STR", "a/b"}, {"LYM", "\u80bf"}, {"NEC", "x,y"}}) {
    ASSERT_EQ(std::string(odd).size(), 3U) << "the header keeps its length";
    model.replace(model.find(name, classes), 3, odd);
  }
  core::write_text_file(path("odd.safetensors"), model);
  const std::vector<std::string> names{"one/a b'c.tif", "two/a b'c.tif", "two/<i>&amp; #%2F\n\x1b[31m.tif"};
  for (const std::string& name : names) {
    fs::create_directories(path("odd/" + name).parent_path());
    fs::copy_file(path("data/slides/slide-1.tif"), path("odd/" + name));
  }
  const Outcome outcome = run("batch odd -o odd-results --overlap 0 --ome --probabilities --prototypes --model odd.safetensors");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ((outcome.out + outcome.err).find('\x1b'), std::string::npos) << "a terminal would obey it";
  for (const std::string& name : names) {
    const fs::path stem = path("odd-results/" + name.substr(0, name.size() - 4));
    const auto json = nlohmann::json::parse(core::read_text_file(fs::path(stem) += ".json"));
    EXPECT_EQ(json["slide"], "odd/" + name);
    EXPECT_EQ(json["classes"][2]["name"], "\u80bf");
    EXPECT_THAT(core::read_text_file(fs::path(stem) += ".geojson"), HasSubstr("\"\u80bf\""));
    EXPECT_EQ(image::read_labels(fs::path(stem) += ".ome.tif").width(), 900);
  }
  const std::string summary = core::read_text_file(path("odd-results/summary.csv"));
  EXPECT_THAT(summary.substr(0, summary.find('\n')), AllOf(HasSubstr(",<b>_mm2,"), HasSubstr(",a/b_mm2,"), HasSubstr(",\"x,y_mm2\",")));
  EXPECT_THAT(run("status odd-results").out, HasSubstr("3 complete, 0 failed, 0 unfinished"));
  EXPECT_THAT(run("report odd-results --deep-zoom").out, HasSubstr("report of 3 slides, 3 with deep zoom"));
  for (const auto& entry : fs::recursive_directory_iterator(path("odd-results/report"))) {
    if (entry.path().extension() != ".html") continue;
    const std::string page = core::read_text_file(entry.path());
    EXPECT_THAT(page, AllOf(Not(HasSubstr("<b>")), Not(HasSubstr("<i>")), HasSubstr("&lt;b&gt;"))) << entry.path();
  }
  if (!testing::python_readers().empty()) {
    EXPECT_TRUE(testing::run_python("cli/open_names.py", {path("odd-results/two/<i>&amp; #%2F\n\x1b[31m").string()}));
  }
}

/// Names of files are bytes, and JSON is text.
TEST_F(Program, KeepsNamesApartThatAreNoText) {
  fs::create_directories(path("latin"));
  const std::string good = "latin/caf\xE9.tif", broken = "latin/caf\xE8.tif";
  fs::copy_file(path("data/slides/slide-1.tif"), path(good));
  core::write_text_file(path(broken), "II*");
  const std::string command = "batch latin -o latin-results --overlap 0";
  EXPECT_EQ(run(command).code, 3);
  EXPECT_THAT(core::read_text_file(path("latin-results/summary.csv")),
              AllOf(HasSubstr("\nlatin/caf\\xE9.tif,complete,"), HasSubstr("\nlatin/caf\\xE8.tif,failed,")));
  const auto state = nlohmann::json::parse(run("status latin-results --json").out);
  EXPECT_EQ(state["failed"][0]["slide"], "latin/caf\\xE8.tif");

  core::write_text_file(path("again.csv"), run("status latin-results --failed").out);
  fs::copy_file(path(good), path(broken), fs::copy_options::overwrite_existing);
  EXPECT_THAT(run("batch again.csv -o latin-results --overlap 0").out, HasSubstr("1 done"));
  EXPECT_THAT(run(command).out, HasSubstr("0 done, 2 already done, 0 failed"));
}

TEST_F(Program, WarnsWhenAnotherSlideOfTheNameIsReplaced) {
  for (const char* folder : {"here", "there"}) {
    fs::create_directories(path(folder));
    fs::copy_file(path("data/slides/slide-1.tif"), path(folder) / "s.tif");
  }
  fs::last_write_time(path("there/s.tif"), fs::last_write_time(path("here/s.tif")) + std::chrono::seconds(1));  // what tells them apart
  EXPECT_EQ(run("segment here/s.tif there/s.tif -o both").code, 0);
  for (const char* name : {"both/here/s.json", "both/there/s.json"}) EXPECT_TRUE(fs::exists(path(name))) << name;
  EXPECT_THAT(run("segment here/s.tif -o same").err, Not(HasSubstr("replace")));
  EXPECT_THAT(run("segment there/s.tif -o same").err, HasSubstr("there/s.tif: its results replace those of here/s.tif in same/s.*"));

  fs::remove(path("same/s.h5"));
  EXPECT_THAT(run("status same --verify").out,
              AllOf(HasSubstr("1 complete"), HasSubstr("files of them are gone or changed"), HasSubstr("s: s.h5 is gone")));
  EXPECT_THAT(run("report same").out, HasSubstr("1 slide"));
  EXPECT_THAT(core::read_text_file(path("same/report/index.html")), HasSubstr("s.h5 is gone"));
  const Outcome again = run("segment there/s.tif -o same");
  EXPECT_THAT(again.out, HasSubstr("1 done"));
  EXPECT_THAT(again.err, HasSubstr("there/s.tif: is made again: of its complete results s.h5 is gone"));
}

TEST_F(Program, StopsCleanlyOnASignal) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const pid_t child = fork();
    if (child == 0) {
      [[maybe_unused]] const int changed = chdir(world_->path().c_str());
      [[maybe_unused]] auto* err = freopen("stopped.txt", "w", stderr);
      execl(WSI_LPD_PROGRAM, WSI_LPD_PROGRAM, "segment", "data/slides/slide-1.tif", "--overlap", "0.9", "--batch-size", "1", "-o",
            "stopped", nullptr);
      _exit(99);
    }
    // As soon as it has begun to write.
    for (int i = 0; i < 600 && !is_being_written(path("stopped")); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    kill(child, signal);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 128 + signal) << core::read_text_file(path("stopped.txt"));
    for (const auto& entry : fs::directory_iterator(path("stopped"))) EXPECT_EQ(entry.path().filename(), "config.toml");
  }
}

/// kill -9 at random moments, half of them while files get their final names: what has one is whole, and the same command makes the same.
TEST_F(Program, LeavesNothingHalfWrittenWhenItIsKilled) {
  const auto start = std::chrono::steady_clock::now();
  const std::string segment = "segment data/slides/slide-1.tif --probabilities --prototypes -o ";
  ASSERT_EQ(run(segment + "whole-slide").code, 0);
  const auto length = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
  const auto same_bytes = [&](const fs::path& file) {
    return core::read_text_file(file) == core::read_text_file(path("whole-slide") / file.filename());
  };
  std::mt19937 random(3);
  int kills = 0;
  for (int i = 0; i < 10; ++i) {
    SCOPED_TRACE(i);
    fs::remove_all(path("cut-slide/slide-1.json"));
    fs::remove_all(path("cut-slide/slide-1.h5"));
    const pid_t child = Program::start(segment + "cut-slide", "/dev/null");
    int status = 0;
    if (i % 2 == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % static_cast<unsigned>(length)));
    } else {
      const auto is_finishing = [] {  // its files under construction become whole, and then get their names
        std::error_code absent;
        for (auto entry = fs::directory_iterator(path("cut-slide"), absent); !absent && entry != fs::end(entry); entry.increment(absent))
          if (entry->path().extension() == ".part" && fs::exists(entry->path() / "slide-1.h5", absent)) return true;
        return fs::exists(path("cut-slide/slide-1.h5"));
      };
      while (!is_finishing() && waitpid(child, &status, WNOHANG) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 100));
    }
    kill(child, SIGKILL);
    if (waitpid(child, &status, 0) == child && WIFSIGNALED(status)) ++kills;
    if (!fs::exists(path("cut-slide"))) continue;
    for (const auto& entry : fs::directory_iterator(path("cut-slide"))) {
      const std::string name = entry.path().filename();
      if (name.ends_with(".part") || name.ends_with(".lock") || name == "config.toml" || name == "summary.csv") continue;
      if (name != "slide-1.json") {
        EXPECT_TRUE(same_bytes(entry.path())) << name;
      }
    }
    EXPECT_EQ(run("status cut-slide --verify").code, 0);
    if (!fs::exists(path("cut-slide/slide-1.json"))) continue;  // written last: all others are there
    EXPECT_EQ(nlohmann::json::parse(core::read_text_file(path("cut-slide/slide-1.json")))["format"], "wsi-lpd slide statistics");
    for (const auto& entry : fs::directory_iterator(path("whole-slide")))
      EXPECT_TRUE(fs::exists(path("cut-slide") / entry.path().filename()) || entry.path().filename() == "summary.csv") << entry.path();
  }
  EXPECT_GE(kills, 5);
  ASSERT_EQ(run(segment + "cut-slide").code, 0);
  for (const auto& entry : fs::directory_iterator(path("cut-slide"))) {
    const std::string name = entry.path().filename();
    EXPECT_TRUE(!name.ends_with(".part") || name.starts_with("summary.csv.") || name.starts_with("config.toml.")) << name;
    if (name.starts_with("slide-1.") && name != "slide-1.json") {
      EXPECT_TRUE(same_bytes(entry.path())) << name;
    }
  }
  EXPECT_THAT(run("status cut-slide").out, HasSubstr("1 complete, 0 failed, 0 unfinished"));
}

/// Parts of a run with other options, which nobody will write again.
TEST_F(Program, ClearsAwayWhatAKilledRunLeft) {
  fs::create_directories(path("leftover"));
  for (const char* name : {"slide-1.ome.tif.part", "slide-1.probabilities.ome.tif.node-7-0123abcd.part", "slide-10.tif.part"})
    core::write_text_file(path("leftover") / name, "x");
  fs::create_directories(path("leftover/.slide-1.node-7-0123abcd.part"));
  ASSERT_EQ(run("segment data/slides/slide-1.tif -o leftover").code, 0);
  for (const auto& entry : fs::directory_iterator(path("leftover"))) {
    EXPECT_TRUE(entry.path().extension() != ".part" || entry.path().filename() == "slide-10.tif.part") << entry.path();
  }
  EXPECT_TRUE(fs::exists(path("leftover/slide-10.tif.part"))) << "of another slide";
  EXPECT_THAT(run("status leftover").out, HasSubstr("1 complete, 0 failed, 1 unfinished"));
}

TEST_F(Program, ForgetsFailuresOfFilesThatWereASlipInAList) {
  core::write_text_file(path("slips.txt"), "data/slides/slide-1.tif\ndata/slides/slide-l.tif\n");
  ASSERT_EQ(run("batch slips.txt -o slips --overlap 0 --quiet").code, 3);
  const Outcome shard = run("batch data/slides/slide-1.tif -o slips --overlap 0 --shard 1/1");
  EXPECT_EQ(shard.code, 0) << shard.err;
  EXPECT_THAT(run("status slips").out, HasSubstr("1 complete, 1 failed")) << "another shard may name it";
  EXPECT_EQ(run("batch slips.txt -o slips --overlap 0 --quiet").code, 3);
  core::write_text_file(path("slips.txt"), "data/slides/slide-1.tif\n");
  const Outcome corrected = run("batch slips.txt -o slips --overlap 0");
  EXPECT_EQ(corrected.code, 0) << corrected.err;
  EXPECT_THAT(corrected.err, HasSubstr("1 failure of files that were never there, and that this batch does not name: forgotten (/"));
  EXPECT_THAT(run("status slips").out, HasSubstr("1 complete, 0 failed"));
  EXPECT_THAT(core::read_text_file(path("slips/summary.csv")), Not(HasSubstr("slide-l.tif")));
}

}  // namespace
}  // namespace wsi_lpd
