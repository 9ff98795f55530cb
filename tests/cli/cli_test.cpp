// The program as a user meets it: commands, exit codes, one-line errors, files.
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/raster_writer.hpp"

namespace wsi_lpd {
namespace {

TEST_F(Program, TrainsThenSegmentsWithoutAnyOption) {
  EXPECT_TRUE(fs::exists(path("runs/latest/model.safetensors")));
  for (const char* file : {"last.safetensors", "log.jsonl", "config.toml"}) EXPECT_TRUE(fs::exists(path("runs/latest") / file)) << file;
  const Outcome outcome = run("segment data/slides/slide-1.tif");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* file :
       {"slide-1.tif", "slide-1.h5", "slide-1.json", "slide-1.overlay.jpg", "slide-1.tissue.jpg", "summary.csv", "config.toml"}) {
    EXPECT_TRUE(fs::exists(path("results") / file)) << file;
  }
  for (const auto& entry : fs::directory_iterator(path("results"))) EXPECT_NE(entry.path().extension(), ".part") << entry.path();

  const Outcome again = run("segment data/slides/slide-1.tif");
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.out, HasSubstr("already done"));

  const Outcome compared = run("compare results/slide-1.tif data/slides/slide-1.labels.png --json");
  ASSERT_EQ(compared.code, 0) << compared.err;
  EXPECT_EQ(nlohmann::json::parse(compared.out)["pixels"], 900 * 700);
}

TEST_F(Program, KnowsRegionsByTheirContent) {
  const auto square = [&](const std::string& name, int side) {
    const std::string s = std::to_string(side);
    core::write_text_file(path(name), R"({"type":"Polygon","coordinates":[[[0,0],[)" + s + ",0],[" + s + "," + s + "],[0," + s + "]]]}");
  };
  const std::string segment = "segment data/slides/slide-1.tif -o regions --overlap 0 ";
  for (const std::string option : {"--tissue", "--region"}) {
    square("area.geojson", 400);
    EXPECT_THAT(run(segment + option + " area.geojson").out, HasSubstr("1 done"));
    EXPECT_THAT(run(segment + option + " area.geojson").out, HasSubstr("already done"));
    square("area.geojson", 300);
    EXPECT_THAT(run(segment + option + " area.geojson").out, HasSubstr("1 done")) << "another region under the same name";
  }
  core::write_text_file(path("bad.geojson"), "{");
  expect_refusal("segment data/slides/slide-1.tif -o bad --region bad.geojson", 1, "bad.geojson: is not GeoJSON");
  expect_refusal("segment data/slides/slide-1.tif -o bad --tissue absent.png", 2, "--tissue: absent.png: no such file");
  expect_refusal("tile data/slides/slide-1.tif -o bad --region absent.png", 2, "--region: absent.png: no such file");
}

TEST_F(Program, WritesAConfigurationThatItTakesBack) {
  const Outcome outcome = run("segment data/slides/slide-1.tif -o taken --overlap 0.5 --blend crop");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string config = core::read_text_file(path("taken/config.toml"));
  EXPECT_THAT(config, HasSubstr("overlap = 0.5\n"));
  EXPECT_THAT(config, HasSubstr("blend = \"crop\"\n"));
  const Outcome again = run("segment data/slides/slide-1.tif --config taken/config.toml");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("already done"));
  const Outcome other = run("segment data/slides/slide-1.tif --config taken/config.toml --blend window");
  EXPECT_THAT(other.out, HasSubstr("1 done")) << "the command line wins";
}

TEST_F(Program, NormalisesTheStainWhereTheModelKnowsIt) {
  const std::string segment = "segment data/slides/slide-1.tif -o stained --overlap 0 --stain-normalisation ";
  const auto known = nlohmann::json::parse(run("info runs/latest/model.safetensors --json").out)["stain"];
  EXPECT_EQ(known["macenko"]["haematoxylin"].size(), 3U) << known;
  EXPECT_EQ(known["reinhard"]["mean"].size(), 3U) << known;
  for (const std::string method : {"macenko", "reinhard"}) {
    const Outcome outcome = run(segment + method);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("1 done")) << "another method makes another result";
    const auto json = nlohmann::json::parse(core::read_text_file(path("stained/slide-1.json")))["stain_normalisation"];
    EXPECT_EQ(json["method"], method);
    EXPECT_EQ(json["applied"], true) << json;
    EXPECT_EQ(json["target"], known[method]);
  }
  expect_refusal("segment data/slides/slide-1.tif -o bad --stain-normalisation vahadane", 2, "vahadane");

  // A model that does not know it: another word stands in the header where the key was.
  std::string bytes = core::read_text_file(path("runs/latest/model.safetensors"));
  const std::size_t key = bytes.find("\"stain\":");
  ASSERT_NE(key, std::string::npos);
  bytes.replace(key, 7, "\"stale\"");
  core::write_text_file(path("bare.safetensors"), bytes);
  expect_refusal("segment data/slides/slide-1.tif -o bad --model bare.safetensors --stain-normalisation macenko", 2, "calibrate");
  ASSERT_EQ(run("calibrate data/patches --model bare.safetensors").code, 0);
  const auto learnt = nlohmann::json::parse(run("info bare.safetensors --json").out)["stain"];
  EXPECT_EQ(learnt.size(), 2U);
  EXPECT_EQ(run(segment + "macenko --model bare.safetensors").code, 0);
}

TEST_F(Program, DescribesSlidesModelsAndResults) {
  const auto slide = nlohmann::json::parse(run("info data/slides/slide-1.tif --json").out);
  EXPECT_EQ(slide["kind"], "slide");
  EXPECT_NEAR(slide["mpp"].get<double>(), 0.5, 1e-3);
  const auto model = nlohmann::json::parse(run("info runs/latest/model.safetensors --json").out);
  EXPECT_EQ(model["encoder"], "mit_b0");
  EXPECT_EQ(model["classes"].size(), 4U);
  EXPECT_EQ(model["calibrated"], true);
  ASSERT_EQ(model["score_threshold"].size(), 4U);
  for (const std::string name : model["classes"]) EXPECT_TRUE(model["score_threshold"][name].is_number()) << name;
  ASSERT_EQ(run("segment data/slides/slide-1.tif -o described").code, 0);
  EXPECT_EQ(nlohmann::json::parse(run("info described/slide-1.tif --json").out)["kind"], "label raster");
  EXPECT_EQ(run("info described/slide-1.json").code, 0);
}

TEST_F(Program, BatchGoesOnAfterAFailureAndSaysSo) {
  fs::create_directories(path("archive"));
  fs::copy_file(path("data/slides/slide-1.tif"), path("archive/good.tif"), fs::copy_options::overwrite_existing);
  std::ofstream(path("archive/list.txt")) << "broken.svs\ngood.tif\n";
  std::ofstream(path("archive/broken.svs")) << "nothing";
  const Outcome outcome = run("batch archive/list.txt -o nightly");
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_TRUE(fs::exists(path("nightly/good.json")));
  EXPECT_FALSE(fs::exists(path("nightly/broken.json")));
  EXPECT_THAT(core::read_text_file(path("nightly/summary.csv")), HasSubstr("broken.svs"));
  const auto status = nlohmann::json::parse(run("status nightly --json").out);
  EXPECT_EQ(status["complete"].size(), 1U);
  EXPECT_EQ(status["failed"].size(), 1U);
  EXPECT_THAT(run("status nightly").out, HasSubstr("1 complete, 1 failed, 0 unfinished"));
  for (const int code : {0, 1, 125})
    EXPECT_EQ(run("batch archive/list.txt -o nightly --report-failures-as " + std::to_string(code)).code, code);
  for (const char* code : {"-1", "126", "many"})
    expect_refusal("batch archive/list.txt -o bad --report-failures-as " + std::string(code), 2, "--report-failures-as");
  EXPECT_EQ(run("report nightly --deep-zoom").code, 0);
  EXPECT_TRUE(fs::exists(path("nightly/report/index.html")));
  fs::remove(path("archive/broken.svs"));
  std::ofstream(path("archive/list.txt")) << "good.tif\n";
  const Outcome again = run("batch archive/list.txt -o nightly");
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.out, HasSubstr("1 already done"));
}

/// Array jobs: each process takes its part, and what all of them make is what one makes.
TEST_F(Program, ShardsAreTheBatchInParts) {
  fs::create_directories(path("parts"));
  for (const char* name : {"a.tif", "b.tif", "c.tif"}) fs::copy_file(path("data/slides/slide-1.tif"), path("parts") / name);
  const std::string batch = "batch parts --overlap 0 -o ";
  ASSERT_EQ(run(batch + "whole").code, 0);
  const Outcome first = run(batch + "sharded --shard 1/2");
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("shard 1/2: 2 of 3 slides, 0.5 of 0.8 MB\n"));
  EXPECT_THAT(first.out, HasSubstr("2 done, 0 already done, 0 failed; results in sharded\n"));
  EXPECT_FALSE(fs::exists(path("sharded/b.json")));
  EXPECT_THAT(run(batch + "sharded --shard 2/2").out, HasSubstr("1 done, 0 already done, 0 failed; results in sharded\n"));
  for (const std::string slide : {"a", "b", "c"}) {
    for (const char* ending : {".tif", ".h5", ".geojson"})
      EXPECT_TRUE(core::read_text_file(path("sharded") / (slide + ending)) == core::read_text_file(path("whole") / (slide + ending)))
          << slide;
  }
  EXPECT_THAT(core::read_text_file(path("sharded/config.toml")), Not(HasSubstr("shard ="))) << "it is of all processes";
  EXPECT_THAT(run(batch + "sharded").out, HasSubstr("0 done, 3 already done, 0 failed")) << "the same results, with or without shards";
  EXPECT_THAT(run(batch + "whole --shard 3/3").out, HasSubstr("0 done, 1 already done, 0 failed"));
  const Outcome none = run(batch + "whole --shard 4/4");
  EXPECT_EQ(none.code, 0) << "more shards than slides: " << none.err;
  EXPECT_THAT(none.out, HasSubstr("0 done, 0 already done, 0 failed"));
  for (const char* shard : {"0/2", "3/2", "1/0", "2", "two/three"})
    expect_refusal(batch + "bad --shard " + shard, 2, std::string("batch: --shard: '") + shard + "' is no shard; write i/n, ");
  core::write_text_file(path("shard.toml"), "shard = \"1/2\"\n");
  expect_refusal(batch + "bad --config shard.toml", 2, "unknown key 'shard'");
}

/// segment, pick, label, train: what the program writes is what it takes.
TEST_F(Program, ClosesTheCircle) {
  const fs::path slide = path("a b'c.tif");
  fs::copy_file(path("data/slides/slide-1.tif"), slide);
  ASSERT_EQ(run("segment \"a b'c.tif\" -o circle/results").code, 0);
  const auto statistics = nlohmann::json::parse(core::read_text_file(path("circle/results/a b'c.json")));
  std::string largest;
  double pixels = -1;
  for (const auto& entry : statistics["classes"]) {
    if (entry["pixels"].get<double>() > pixels) pixels = entry["pixels"], largest = entry["name"];
  }
  const std::string tile = "tile \"a b'c.tif\" -o circle/patches --size 64 --min-class 0.2 --result circle/results --class " + largest;
  const Outcome outcome = run(tile + " --max 6");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("6 patches in circle/patches; label them in circle/patches/labels.csv"));
  EXPECT_THAT(run(tile + " --max 8").out, HasSubstr("2 patches of")) << "more of them";
  EXPECT_THAT(core::read_text_file(path("circle/patches/dataset.toml")), HasSubstr("mpp = 0.5\n"));
  EXPECT_EQ(run("tile \"a b'c.tif\" --config circle/patches/config.toml").code, 0) << "the configuration is taken back";

  const std::string train = "train circle/patches --encoder mit_b0 --iterations 2 --batch-size 2 --hold-out 0 -o ";
  expect_refusal(train + "bad", 1, "8 of 8 images lack labels");
  std::string labelled;
  std::istringstream lines(core::read_text_file(path("circle/patches/labels.csv")));
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with(",,,,")) line.replace(line.size() - 4, 4, line.size() % 2 ? ",1,0,0,1" : ",0,1,1,0");
    labelled += line + "\n";
  }
  core::write_text_file(path("circle/patches/labels.csv"), labelled);
  const Outcome trained = run(train + "circle/run");
  EXPECT_EQ(trained.code, 0) << trained.err;
  const auto model = nlohmann::json::parse(run("info circle/run/model.safetensors --json").out);
  EXPECT_EQ(model["classes"], nlohmann::json::parse(run("info runs/latest/model.safetensors --json").out)["classes"]);
  EXPECT_EQ(model["mpp"], 0.5);
  EXPECT_EQ(model["patch_size"], 64);

  expect_refusal(tile + " --classes A,B", 2, "has the columns");
  expect_refusal("tile \"a b'c.tif\" -o bad --class TUM", 2, "--class needs --result");
  expect_refusal("tile \"a b'c.tif\" -o bad --result absent", 1, "absent");
  expect_refusal("tile \"a b'c.tif\" -o data/patches", 2, "holds files that tile did not write");
  expect_refusal("tile absent.svs -o bad", 1, "absent.svs");
  EXPECT_FALSE(fs::exists(path("bad")));
  // Columns in another order than dataset.toml's.
  core::write_text_file(path("circle/patches/dataset.toml"), "classes = [\"STR\", \"TUM\", \"LYM\", \"NEC\"]\nmpp = 0.5\n");
  const Outcome matched = run(train + "circle/matched");
  EXPECT_EQ(matched.code, 0) << matched.err;
  EXPECT_THAT(matched.err, HasSubstr("they are matched by name"));
  EXPECT_EQ(nlohmann::json::parse(run("info circle/matched/model.safetensors --json").out)["classes"],
            (nlohmann::json{"STR", "TUM", "LYM", "NEC"}));
  core::write_text_file(path("circle/patches/dataset.toml"), "classes = [\"STR\", \"TUM\", \"LYM\", \"FAT\"]\nmpp = 0.5\n");
  expect_refusal(train + "bad", 2, "the same names are wanted, in any order");
}

TEST_F(Program, ComparesWithTruthsAndResults) {
  ASSERT_EQ(run("segment data/slides/slide-1.tif -o compared --geojson-min-area 0 --geojson-mpp 0.5").code, 0);
  const Outcome table = run("compare compared/slide-1.tif data/slides/slide-1.labels.png --boundary-um 20 --overlay compared/errors.png");
  ASSERT_EQ(table.code, 0) << table.err;
  for (const char* words : {"mIoU", "% within 20 um", "boundary TUM", "% of truth, in columns by result", "over 630000 pixels"})
    EXPECT_THAT(table.out, HasSubstr(words));
  EXPECT_GE(image::read_rgb(path("compared/errors.png")).height(), 700);
  EXPECT_EQ(run("compare compared/slide-1.tif data/slides/slide-1.labels.png --overlay compared/errors.jpg --quiet").code, 0);
  EXPECT_GE(image::read_rgb(path("compared/errors.jpg")).height(), 700);

  const auto json = [&](const std::string& arguments) {
    const Outcome outcome = run("compare " + arguments + " --json");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out);
  };
  // Outlines are simplified: labels next to borders may differ.
  const auto regions = json("compared/slide-1.tif compared/slide-1.geojson --boundary-um 1");
  EXPECT_GT(regions["FwIoU"], 0.95);
  EXPECT_GT(regions["boundary"]["mean_F1"], 0.99);
  EXPECT_EQ(regions["boundary"]["tolerance_um"], 1.0);
  fs::copy(path("compared"), path("compared again"), fs::copy_options::recursive);
  const auto folders = json("compared 'compared again'");
  EXPECT_EQ(folders["mIoU"], 1.0);
  ASSERT_EQ(folders["slides"].size(), 1U);
  EXPECT_EQ(folders["slides"][0]["slide"], "data/slides/slide-1.tif");
  EXPECT_EQ(json("compared data/slides")["slides"].size(), 1U) << "a truth named like the slide";

  expect_refusal("compare compared data/slides/slide-1.labels.png", 2, "compare two files or two folders");
  expect_refusal("compare compared 'compared again' --overlay bad.png", 2, "--overlay draws one slide");
  expect_refusal("compare compared/slide-1.tif data/slides/slide-1.labels.png --overlay bad.gif", 2, "neither .jpg nor .png");
  expect_refusal("compare data/slides/slide-1.labels.png data/slides/slide-1.labels.png", 2, "give --classes");
  expect_refusal("compare compared/slide-1.tif absent.png", 1, "absent.png");
  expect_refusal("compare compared absent", 2, "compare two files or two folders");
  fs::create_directories(path("nothing"));
  expect_refusal("compare nothing compared", 2, "holds no complete result");
  expect_refusal("compare compared nothing", 2, "has nothing to compare with");
  fs::resize_file(path("compared again/slide-1.tif"), 1000);
  expect_refusal("compare compared 'compared again'", 1, "compared again/slide-1.tif");
}

TEST_F(Program, KeepsEveryClassName) {
  ASSERT_EQ(
      run("tile data/slides/slide-1.tif -o names --size 64 --max 4 --classes \"it's,<script>,x\\\"y,back\\\\slash,肿瘤/x,a # b\"").code, 0);
  std::string labelled;
  std::istringstream lines(core::read_text_file(path("names/labels.csv")));
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with(",,,,,,")) line.replace(line.size() - 6, 6, ",1,0,0,1,0,1");
    labelled += line + "\n";
  }
  core::write_text_file(path("names/labels.csv"), labelled);
  const Outcome trained = run("train names --encoder mit_b0 --iterations 1 --batch-size 2 --hold-out 0 -o named");
  ASSERT_EQ(trained.code, 0) << trained.err;
  const std::vector<std::string> names{"it's", "<script>", "x\"y", "back\\slash", "肿瘤/x", "a # b"};
  EXPECT_EQ(nlohmann::json::parse(run("info named/model.safetensors --json").out)["classes"], names);
}

TEST_F(Program, RefusesWrongUsage) {
  expect_refusal("", 2, "--help");
  expect_refusal("fly", 2, "--help");
  expect_refusal("segment", 2, "SLIDE");
  expect_refusal("segment a.svs --overlap 2 -o bad", 2, "overlap");
  expect_refusal("segment data/slides/slide-1.tif --tile 100 -o bad", 2, "--tile 100");
  expect_refusal("segment data/slides/slide-1.tif --mpp 77 -o bad", 2, "mpp");
  expect_refusal("segment data/slides/slide-1.tif --geojson-mpp 0 -o bad", 2, "geojson-mpp");
  expect_refusal("segment data/slides/slide-1.tif --geojson-min-area -1 -o bad", 2, "geojson-min-area");
  expect_refusal("segment data/slides/slide-1.tif --device tpu -o bad", 2, "tpu");
  std::ofstream(path("wrong.toml")) << "overlop = 0.5\n";
  expect_refusal("segment data/slides/slide-1.tif --config wrong.toml -o bad", 2, "unknown key 'overlop'");
  expect_refusal("segment data/slides/slide-1.tif --config absent.toml -o bad", 2, "absent.toml");
  std::ofstream(path("wrong.toml")) << "overlap = \"much\"\n";
  expect_refusal("segment data/slides/slide-1.tif --config wrong.toml -o bad", 2, "overlap");
  expect_refusal("segment data/slides/slide-1.tif --model absent.safetensors -o bad", 1, "absent.safetensors");
  expect_refusal("batch absent -o bad", 2, "absent");
  expect_refusal("status absent", 2, "absent");
  expect_refusal("report absent", 2, "absent");
  expect_refusal("report data/patches", 2, "data/patches: holds no results of segment or batch");
  expect_refusal("segment data/slides/slide-1.tif -o data/slides", 2, "overwrite");
}

TEST_F(Program, SaysWhereItLooksForAModel) {
  fs::create_directories(path("elsewhere"));
  expect_refusal("segment ../data/slides/slide-1.tif -o ../bad", 2, "--model FILE, set WSI_LPD_MODEL", "cd elsewhere;");
  const Outcome outcome =
      run("segment ../data/slides/slide-1.tif -o ../found", "cd elsewhere; WSI_LPD_MODEL=../runs/latest/model.safetensors");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(Program, RefusesBadSlides) {
  const std::string out = " --model runs/latest/model.safetensors -o bad";
  std::ofstream(path("empty.svs")).close();
  expect_refusal("segment empty.svs" + out, 1, "empty.svs");
  expect_refusal("segment absent.svs" + out, 1, "absent.svs");
  expect_refusal("segment data" + out, 1, "data");
  const std::string whole = core::read_text_file(path("data/slides/slide-1.tif"));
  std::ofstream(path("cut.tif"), std::ios::binary) << whole.substr(0, whole.size() / 2);
  expect_refusal("segment cut.tif" + out, 1, "cut.tif");
  std::ofstream(path("noise.tif"), std::ios::binary) << std::string(5000, 'n');
  expect_refusal("segment noise.tif" + out, 1, "noise.tif");
  image::PyramidOptions options;
  const auto write_flat = [&](const std::string& name, double mpp) {
    options.mpp = mpp;
    image::RasterWriter writer(path(name), {300, 300}, 3, options);
    const std::vector<std::uint8_t> pixels(300 * 300 * 3, 120);
    writer.add_rows(pixels.data(), 300);
    writer.finish();
  };
  write_flat("no-mpp.tif", 0);
  expect_refusal("segment no-mpp.tif" + out, 1, "--mpp");
  write_flat("absurd-mpp.tif", 500);
  expect_refusal("segment absurd-mpp.tif" + out, 1, "--mpp");
}

TEST_F(Program, SurvivesAFullDiskAndAnUnwritableFolder) {
  for (const char* limit : {"ulimit -f 8;", "ulimit -f 20;", "ulimit -f 40;"})
    expect_refusal("segment data/slides/slide-1.tif -o bad", 1, "File too large", limit);
  std::ofstream(path("file")) << "x";
  expect_refusal("segment data/slides/slide-1.tif -o file/bad", 1, "file");
}

TEST_F(Program, HelpsWithEveryCommand) {
  EXPECT_EQ(run("--version").code, 0);
  for (const char* command :
       {"train", "evaluate", "calibrate", "segment", "batch", "tile", "compare", "info", "weights", "synth", "doctor"}) {
    const Outcome outcome = run(std::string(command) + " --help");
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.out, HasSubstr("Example:  wsi-lpd ")) << command;
  }
  EXPECT_THAT(run("doctor").out, HasSubstr("LibTorch"));
}

/// Every stage has its share of the time, and what was made for the measurement is gone.
TEST_F(Program, MeasuresTheMachine) {
  for (const std::string slide : {"", " --slide data/slides/slide-1.tif"}) {
    SCOPED_TRACE(slide);
    fs::create_directories(path("scratch"));
    const Outcome outcome = run("doctor --bench" + slide, "TMPDIR=scratch");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(slide.empty() ? "Speed: slide-1.tif (synthetic), " : "Speed: slide-1.tif, "));
    double shares = 0;
    std::istringstream lines(outcome.out.substr(outcome.out.find("Speed: ")));
    for (std::string line; std::getline(lines, line);)
      if (const auto percent = line.find(" % of the time"); percent != std::string::npos)
        shares += std::stod(line.substr(line.rfind(' ', percent - 1), percent));
    EXPECT_NEAR(shares, 100, 1);
    for (const char* row :
         {"whole run ", "read ", "forward ", "blend ", "write ", "reading alone   1 thread ", "reading alone   2 threads ", "bound by "})
      EXPECT_THAT(outcome.out, HasSubstr("\n  " + std::string(row)));
    EXPECT_TRUE(fs::is_empty(path("scratch")));
  }
  expect_refusal("doctor --slide data/slides/slide-1.tif", 2, "--slide requires --bench");
}

}  // namespace
}  // namespace wsi_lpd
