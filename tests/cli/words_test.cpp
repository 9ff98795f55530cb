// What the program says: help, suggestions, what a file is, and that no input becomes an output.
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"
#include "wsi_lpd/image/raster_writer.hpp"

namespace wsi_lpd {
namespace {

const std::vector<std::string> kCommands{"train",   "evaluate", "calibrate", "segment", "batch", "status",  "report", "tile",
                                         "compare", "measure",  "correct",   "study",   "info",  "weights", "synth",  "doctor"};

std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

void write_flat(const fs::path& path, std::uint8_t value) {
  image::PyramidOptions options;
  options.mpp = 0.5;
  image::RasterWriter writer(path, {300, 300}, 3, options);
  const std::vector<std::uint8_t> pixels(std::size_t{300} * 300 * 3, value);
  writer.add_rows(pixels.data(), 300);
  writer.finish();
}

TEST_F(Program, NamesTheNearestKnownWord) {
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {"segmnt a.svs", "unknown command segmnt; did you mean segment?"},
      {"--versoin", "unknown option --versoin; did you mean --version?"},
      {"segment --tilee 3 a.svs", "unknown option --tilee; did you mean --tile?"},
      {"segment a.svs --stain_normalisation macenko", "did you mean --stain-normalisation?"},
      {"segment a.svs --bogus", "unknown option --bogus; see wsi-lpd segment --help"},
      {"segment a.svs --blend windw", "'windw' is none of window, crop; did you mean window?"},
      {"segment a.svs --overlap 3", "--overlap: 3 is no number from 0 to 0.9"},
      {"segment a.svs --effort nan", "segment: --effort: nan is no number; see wsi-lpd segment --help"},
      {"tile a.svs --min-class -NaN", "tile: --min-class: -NaN is no number"},
      {"segment a.svs --mpp", "--mpp needs a value"},
      {"segment a.svs --device cudaa", "did you mean cuda?"},
      {"status a b", "this is left: b"},
      {"segment a.svs --config key.toml", "key.toml line 1: unknown key 'tilee'; did you mean tile?"},
      {"segment a.svs --config choice.toml", "choice.toml line 2: --blend: 'windw' is none of window, crop; did you mean window?"},
      {"segment a.svs --config section.toml", "section.toml line 2: section [segmant] is no command; did you mean segment?"}};
  core::write_text_file(path("key.toml"), "tilee = 96\n");
  core::write_text_file(path("choice.toml"), "[segment]\nblend = \"windw\"\n");
  core::write_text_file(path("section.toml"), "[segmant]\ntile = 96\n");
  for (const auto& [arguments, words] : mistakes) expect_refusal(arguments, 2, words);
}

TEST_F(Program, HelpFitsATerminalAndListsOnlyWhatActs) {
  for (const std::string& command : kCommands) {
    const Outcome help = run(command + " --help");
    EXPECT_EQ(help.code, 0);
    std::istringstream lines(help.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(columns_of(line), 100) << command << ": " << line;
    const bool trains = command == "train" || command == "evaluate" || command == "calibrate" || command == "segment" || command == "batch";
    const bool works = command != "info" && command != "status" && command != "doctor";
    EXPECT_EQ(help.out.find("--device") != std::string::npos, trains) << command;
    EXPECT_EQ(help.out.find("  --threads") != std::string::npos, trains || command == "tile" || command == "report") << command;
    for (const char* option : {"--quiet", "--verbose", "--log-file", "--config"})
      EXPECT_EQ(help.out.find(std::string("  ") + option) != std::string::npos, works) << command << " " << option;
  }
}

TEST_F(Program, NeverMakesAnInputAnOutput) {
  const std::string model = core::read_text_file(path("runs/latest/model.safetensors"));
  const std::string slide = core::read_text_file(path("data/slides/slide-1.tif"));
  fs::create_directories(path("own"));
  core::write_text_file(path("own/model.safetensors"), model);
  core::write_text_file(path("own/slide.tif"), slide);
  core::write_text_file(path("own/truth.png"), core::read_text_file(path("data/slides/slide-1.labels.png")));
  core::write_text_file(path("own/overlap.toml"), "overlap = 0\n");
  core::write_text_file(path("own/area.geojson"), R"({"type":"Polygon","coordinates":[[[0,0],[400,0],[400,400],[0,400]]]})");
  fs::create_hard_link(path("own/truth.png"), path("own/hard.png"));
  fs::create_symlink(path("own/truth.png"), path("own/soft.png"));
  ASSERT_EQ(run("segment own/slide.tif -o own/results --geojson-min-area 0").code, 0);
  std::map<std::string, std::string> before;
  for (const auto& entry : fs::recursive_directory_iterator(path("own")))
    if (entry.is_regular_file()) before[entry.path()] = core::read_text_file(entry.path());

  const std::string segment = "segment own/slide.tif -o own/results ";
  const std::string same = "is the same file as the input ";
  const std::vector<std::pair<std::string, std::string>> mistakes{
      {"compare own/results/slide.tif own/truth.png --overlay own/truth.png", same + "TRUTH own/truth.png"},
      {"compare own/results/slide.tif own/truth.png --overlay own/hard.png", same + "TRUTH"},
      {"compare own/results/slide.tif own/truth.png --overlay own/soft.png", same + "TRUTH"},
      {"compare own/results/slide.tif own/truth.png --log-file own/truth.png", same + "TRUTH"},
      {"calibrate data/patches --model own/model.safetensors -o own/model.safetensors", same + "--model"},
      {"weights import own/model.safetensors -o own/model.safetensors", same + "FILE"},
      {segment + "--log-file own/slide.tif", same + "SLIDE"},
      {segment + "--config own/overlap.toml --log-file own/overlap.toml", same + "--config"},
      {segment + "--log-file runs/latest/model.safetensors", same + "runs/latest/model.safetensors"},
      {"batch own --log-file own/slide.tif -o own/results", "is there already and is no log"},
      {"tile own/slide.tif -o new --log-file own/truth.png", "is there already and is no log"},
      {segment + "--region own/results/slide.geojson", "would overwrite it with a result of slide"}};
  for (const auto& [arguments, words] : mistakes) expect_refusal(arguments, 2, words);
  for (const auto& [file, content] : before) EXPECT_EQ(core::read_text_file(file), content) << file;
  EXPECT_EQ(core::read_text_file(path("runs/latest/model.safetensors")), model);
  EXPECT_FALSE(fs::exists(path("new")));

  for (int i = 0; i < 2; ++i) EXPECT_EQ(run(segment + "--log-file own/night.log").code, 0) << "a log is appended to";
  EXPECT_GT(core::read_text_file(path("own/night.log")).size(), 0U);
}

TEST_F(Program, TilesWhatBatchTakes) {
  fs::create_directories(path("sources"));
  fs::copy_file(path("data/slides/slide-1.tif"), path("sources/good.tif"));
  write_flat(path("sources/glass.tif"), 245);
  core::write_text_file(path("sources/broken.svs"), "nothing");
  core::write_text_file(path("sources/notes.txt"), "not a slide\n");
  const Outcome outcome = run("tile sources -o cut --size 64 --max 3");
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("sources/good.tif: 3 patches of "));
  EXPECT_THAT(outcome.out, HasSubstr("sources/glass.tif: failed\n"));
  EXPECT_THAT(outcome.out, HasSubstr("sources/broken.svs: failed\n"));
  EXPECT_THAT(outcome.out, HasSubstr("3 patches in cut, 2 slides failed; label them"));
  EXPECT_THAT(outcome.err, HasSubstr("sources/glass.tif: no patch of 64 pixels has enough tissue"));
  EXPECT_THAT(outcome.err, HasSubstr("left out: 1 .txt"));

  core::write_text_file(path("sources/list.txt"), "good.tif\n");
  core::write_text_file(path("sources/list.csv"), "slide,mpp\ngood.tif,0.25\n");
  for (const std::string source : {"sources/list.txt", "'sources/g*d.tif'", "sources/good.tif sources/list.txt"}) {
    fs::remove_all(path("cut"));
    const Outcome one = run("tile " + source + " -o cut --size 64 --max 3");
    EXPECT_EQ(one.code, 0) << one.err;
    EXPECT_THAT(one.out, HasSubstr("3 patches in cut;")) << source;
  }
  fs::remove_all(path("cut"));
  ASSERT_EQ(run("tile sources/list.csv -o cut --size 64 --max 3").code, 0);
  EXPECT_THAT(core::read_text_file(path("cut/dataset.toml")), HasSubstr("mpp = 0.25\n")) << "as the manifest says";
  expect_refusal("tile sources/glass.tif -o bad --size 64", 1, "no patch of 64 pixels");

  // A slide without a result stops no other.
  ASSERT_EQ(run("segment sources/good.tif -o sources/results").code, 0);
  fs::remove_all(path("cut"));
  const Outcome some = run("tile sources/good.tif data/slides/slide-1.tif -o cut --size 64 --max 2 --result sources/results");
  EXPECT_EQ(some.code, 3) << some.err;
  EXPECT_THAT(some.out, HasSubstr("2 patches in cut, 1 slide failed;"));
  EXPECT_THAT(some.err, HasSubstr("has no complete result of it: segment it first"));
}

TEST_F(Program, WaitsForNoPipe) {
  ASSERT_EQ(mkfifo(path("pipe.svs").c_str(), 0600), 0);
  expect_refusal("info pipe.svs", 2, "pipe.svs: is a pipe or a device");
  expect_refusal("segment data/slides/slide-1.tif --tissue pipe.svs -o bad", 2, "--tissue pipe.svs: is a pipe or a device");
  core::write_text_file(path("pipes.txt"), "pipe.svs\n");
  EXPECT_EQ(run("batch pipes.txt -o piped").code, 3);
  EXPECT_THAT(run("status piped").out, HasSubstr("pipe.svs: is no regular file"));
}

TEST_F(Program, SaysWhatEveryFileIs) {
  ASSERT_EQ(run("segment data/slides/slide-1.tif -o told").code, 0);
  fs::create_directories(path("empty"));
  core::write_text_file(path("list.txt"), "a.svs\nb.svs\n");
  core::Image mask(20, 10, 1);
  mask.data()[3] = 255;
  image::write_png(path("mask.png"), mask);
  core::write_text_file(
      path("regions.geojson"),
      R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"classification":{"names":["TUM","Positive"]}},
                  "geometry":{"type":"Polygon","coordinates":[[[10,20],[110,20],[110,70],[10,20]]]}}]})");
  const auto json = [&](const std::string& file) {
    const Outcome outcome = run("info " + file + " --json");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const Outcome screen = run("info " + file);
    EXPECT_LE(std::count(screen.out.begin(), screen.out.end(), '\n'), 60) << file << ": more than a screen";
    EXPECT_THAT(screen.out, HasSubstr("kind: ")) << file;
    return nlohmann::json::parse(outcome.out);
  };
  EXPECT_EQ(json("data/patches")["train"], 24);
  EXPECT_EQ(json("data/patches")["kind"], "patches");
  EXPECT_EQ(json("told")["complete"], 1);
  EXPECT_EQ(json("runs/latest")["model"]["encoder"], "mit_b0");
  EXPECT_EQ(json("data/slides")["slides"], 1);
  EXPECT_EQ(json("empty")["files"], 0);
  EXPECT_EQ(json("told/slide-1.h5")["kind"], "result of segment (HDF5)");
  EXPECT_EQ(json("told/slide-1.h5")["datasets"]["coords"].get<std::string>().substr(0, 7), "int64 [");
  EXPECT_EQ(json("told/slide-1.json")["classes"].size(), 4U);
  EXPECT_EQ(json("told/summary.csv")["rows"], 1);
  EXPECT_EQ(json("told/config.toml")["keys"]["overlap"], "0.5");
  EXPECT_EQ(json("mask.png")["pixels_of_value"]["0"], 199);
  EXPECT_EQ(json("data/slides/slide-1.labels.png")["kind"], "mask or label image, indexed colours");
  EXPECT_EQ(json("list.txt")["lines"], 2);
  const auto regions = json("regions.geojson");
  EXPECT_EQ(regions["features_of_class"]["TUM: Positive"], 1);
  EXPECT_EQ(regions["level0_box"]["width"], 100.0);
  EXPECT_EQ(json("runs/latest/log.jsonl")["kind"], "log of a training, one JSON object a line");
  expect_refusal("info absent.svs", 1, "no such file or folder");
}

/// A model without calibration is one that a command is named for; a class that is in no image has no figures.
TEST_F(Program, NamesCalibrateAndPrintsNoNan) {
  std::string bytes = core::read_text_file(path("runs/latest/model.safetensors"));
  const std::size_t key = bytes.find("\"calibration\":");
  ASSERT_NE(key, std::string::npos);
  const std::size_t value = bytes.find("\"{", key), end = bytes.find("}\"", value);
  ASSERT_LT(end - value, 2000U);
  std::string none = "\"null\"";
  none.resize(end + 2 - value, ' ');
  bytes.replace(value, none.size(), none);
  core::write_text_file(path("raw.safetensors"), bytes);
  const std::string words = "wsi-lpd calibrate PATCHES --model raw.safetensors";
  EXPECT_THAT(run("info raw.safetensors").out, HasSubstr(words));
  expect_refusal("segment data/slides/slide-1.tif -o bad --model raw.safetensors", 1, words);

  // Masks of one class alone: the others have no truth.
  fs::create_directories(path("one/test/img"));
  fs::create_directories(path("one/test/mask"));
  fs::copy_file(path("data/slides/slide-1.labels.png"), path("palette.png"));
  core::Image rgb(96, 96, 3), mask(96, 96, 1);
  std::fill_n(rgb.data(), 96 * 96 * 3, std::uint8_t{180});
  image::write_png(path("one/test/img/a.png"), rgb);
  image::write_labels_png(path("one/test/mask/a.png"), mask, {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {153, 0, 255}, {255, 255, 255}});
  const Outcome outcome = run("evaluate one --model raw.safetensors -o measured --no-crf --no-tta");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr(words));
  for (const std::string& text :
       {outcome.out, core::read_text_file(path("measured/evaluation.csv")), core::read_text_file(path("measured/evaluation.json"))}) {
    EXPECT_THAT(text, Not(HasSubstr("nan")));
    EXPECT_THAT(text, Not(HasSubstr("inf")));
  }
  EXPECT_THAT(core::read_text_file(path("measured/evaluation.csv")), Not(HasSubstr("null")));
}

}  // namespace
}  // namespace wsi_lpd
