// What a user meets of `measure`.
#include "cli/program.hpp"

namespace wsi_lpd {
namespace {

std::string region(int side, const std::string& name) {
  const std::string end = std::to_string(side);
  return R"({"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[)" + end + ",0],[" + end + "," + end + "],[0," + end +
         R"(]]]},"properties":{"name":")" + name + R"("}})";
}

TEST_F(Program, MeasuresAnnotatedRegions) {
  fs::create_directories(path("more"));
  fs::copy_file(path("data/slides/slide-1.tif"), path("more/slide-2.tif"));
  ASSERT_EQ(run("segment data/slides/slide-1.tif more/slide-2.tif -o regions --overlap 0 --quiet").code, 0);
  fs::create_directories(path("drawn"));
  core::write_text_file(path("drawn/slide-1.geojson"), "[" + region(400, R"(front, \"A\")") + "," + region(30, "core") + "]");
  const Outcome outcome = run("measure regions --annotations drawn");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "2 regions of 1 slide: regions/regions.csv\n");
  EXPECT_THAT(outcome.err, HasSubstr("1 slide has no annotations: more/slide-2.tif"));
  const std::string table = core::read_text_file(path("regions/regions.csv"));
  EXPECT_THAT(table, HasSubstr("\ndata/slides/slide-1.tif,1,\"front, \"\"A\"\"\",,,,area,"));
  EXPECT_THAT(table, HasSubstr("\ndata/slides/slide-1.tif,2,core,,,TUM,fraction_of_region,"));
  EXPECT_THAT(run("status regions").out, HasSubstr("2 complete, 0 failed, 0 unfinished")) << "the table is none of a slide's files";

  core::write_text_file(path("drawn/slide-2.geojson"), "[]");
  const Outcome half = run("measure regions --annotations drawn -o half.csv");
  EXPECT_EQ(half.code, 3);
  EXPECT_THAT(half.err, HasSubstr("error: more/slide-2.tif: drawn/slide-2.geojson: has no region: polygons are wanted"));
  EXPECT_EQ(core::read_text_file(path("half.csv")), table);

  const Outcome one = run("measure regions --annotations drawn/slide-1.geojson");
  EXPECT_EQ(one.out, "2 regions of 1 slide: regions/slide-1.regions.csv\n");
  EXPECT_EQ(core::read_text_file(path("regions/slide-1.regions.csv")), table);

  fs::remove(path("regions/regions.csv"));
  fs::remove(path("drawn/slide-2.geojson"));
  const Outcome batch = run("batch data/slides/slide-1.tif -o regions --overlap 0 --annotations drawn");
  EXPECT_THAT(batch.out, AllOf(HasSubstr("1 already done"), HasSubstr("2 regions of 1 slide: regions/regions.csv")));
  EXPECT_EQ(core::read_text_file(path("regions/regions.csv")), table);
  expect_refusal("segment data/slides/slide-1.tif -o regions --annotations nowhere", 2, "--annotations nowhere: no such file or folder");

  for (const char* other : {"drawn/slide-1.geojson", "regions/slide-1.tif", "regions/summary.csv"}) {
    const std::string before = core::read_text_file(path(other));
    expect_refusal("measure regions --annotations drawn -o " + std::string(other), 2, "is there already and is no table of regions");
    EXPECT_EQ(core::read_text_file(path(other)), before);
  }
  expect_refusal("measure regions --annotations drawn -o /dev/full", 2, "is there already and is no table of regions");
  expect_refusal("measure regions --annotations drawn -o nowhere/regions.csv", 2, "its folder is not there");

  expect_refusal("measure regions --annotations nowhere", 2, "nowhere: no such file or folder");
  expect_refusal("measure drawn --annotations drawn", 2, "drawn: holds no complete result");
  fs::copy_file(path("drawn/slide-1.geojson"), path("other.geojson"));
  expect_refusal("measure regions --annotations other.geojson", 2,
                 "is one file, and of the 2 slides in regions none is named other: give a folder");
  fs::create_directories(path("nothing-drawn"));
  expect_refusal("measure regions --annotations nothing-drawn", 2, "has annotations of none of the slides in regions");
}

TEST_F(Program, MeasuresBandsDistancesAndHotSpots) {
  ASSERT_EQ(run("segment data/slides/slide-1.tif -o banded --overlap 0 --quiet").code, 0);
  fs::create_directories(path("banded-drawn"));
  core::write_text_file(path("banded-drawn/slide-1.geojson"), "[" + region(400, "front") + "]");
  const std::string options = " --bands TUM:-20,0,50 --bands STR:0,9.5 --distance LYM:TUM:40 --distance STR:LYM --grid 0.01mm2:STR";
  const Outcome whole = run("measure banded" + options);
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_EQ(whole.out, "1 region of 1 slide: banded/regions.csv\n");
  const std::string table = core::read_text_file(path("banded/regions.csv"));
  EXPECT_THAT(table, HasSubstr("\ndata/slides/slide-1.tif,0,whole slide,,,,area,"));
  EXPECT_THAT(table, HasSubstr("\ndata/slides/slide-1.tif,0 band STR 0..9.5,whole slide,,,,area,"));
  EXPECT_THAT(table, HasSubstr("\ndata/slides/slide-1.tif,0,whole slide,,,LYM:TUM,distance_maximum,40,um\n"));
  const Outcome drawn =
      run("measure banded --annotations banded-drawn --annotation-bands -20,0,20 --annotation-bands Nobody:0,5" + options);
  ASSERT_EQ(drawn.code, 0) << drawn.err;
  EXPECT_THAT(drawn.err, HasSubstr("warning: 1 class of --annotation-bands that no region has: Nobody"));
  EXPECT_THAT(core::read_text_file(path("banded/regions.csv")), HasSubstr("\ndata/slides/slide-1.tif,1 margin 0..20,front,,,,area,"));

  core::write_text_file(path("banded.toml"),
                        "bands = [\"TUM:-20,0,50\", \"STR:0,9.5\"]\ndistance = [\"LYM:TUM:40\", \"STR:LYM\"]\n"
                        "[measure]\ngrid = \"0.01mm2:STR\"\n");
  ASSERT_EQ(run("measure --config banded.toml banded").code, 0);
  EXPECT_EQ(core::read_text_file(path("banded/regions.csv")), table);

  EXPECT_THAT(core::read_text_file(path("banded/regions.config.toml")), HasSubstr("grid = \"0.01mm2:STR\""));
  const Outcome one = run("measure banded/slide-1.tif" + options);
  EXPECT_EQ(one.out, "1 region of 1 slide: banded/slide-1.regions.csv\n") << one.err;
  EXPECT_EQ(core::read_text_file(path("banded/slide-1.regions.csv")), table);
  EXPECT_THAT(core::read_text_file(path("banded/slide-1.regions.config.toml")), HasSubstr("measure \"banded/slide-1.tif\""));
  const Outcome twice = run("measure banded banded/slide-1.json -o both.csv" + options);
  EXPECT_EQ(twice.out, "2 regions of 2 slides: both.csv\n") << twice.err;
  EXPECT_EQ(core::read_text_file(path("both.csv")), table + table.substr(table.find('\n') + 1));
  EXPECT_THAT(run("status banded").out, HasSubstr("1 complete, 0 failed, 0 unfinished"));
  EXPECT_THAT(run("info banded/regions.csv").out, HasSubstr("kind: measures of regions"));

  const std::vector<std::pair<std::string, std::string>> mistakes{
      {"", "nothing to measure: give --annotations, --bands, --distance or --grid"},
      {"--bands TUM", "--bands TUM: 'TUM' is no number; a class and bounds in um, without unit, are wanted"},
      {"--bands -5,0", "--bands -5,0: a class and bounds in um are wanted, such as TUM:-500,0,500"},
      {"--bands TUM:0,far", "--bands TUM:0,far: 'far' is no number"},
      {"--bands TUM:5,0", "--bands TUM:5,0: the bounds must ascend, and 0 is not above the bound before it"},
      {"--bands TUM:5", "--bands TUM:5: has one bound"},
      {"--bands TOM:0,5", "no result in banded has a class TOM; the classes of data/slides/slide-1.tif are TUM, "},
      {"--distance TUM:ly", "; did you mean LYM?"},
      {"--annotation-bands -5,0", "its bands lie along the borders of annotations; give --annotations, too"},
      {"--distance TUM:TUM", "--distance TUM:TUM: is from a class to itself"},
      {"--distance LYM:TUM --distance LYM:TUM:50", "--distance LYM:TUM:50: the same classes are given twice"},
      {"--bands TUM:0,5 --grid ''", "the argument after --grid is empty; leave --grid out or give a value"},
      {"--bands TUM:0,5 --annotations=", "--annotations: its value is empty; leave the option out or give it one"},
      {"--distance LYM:TUM:0", "--distance LYM:TUM:0: '0' is no maximum in um above 0"},
      {"--grid 1:LYM", "--grid 1:LYM: an area in mm2 and a class are wanted, such as 1mm2:LYM"}};
  for (const auto& [arguments, words] : mistakes) expect_refusal("measure banded " + arguments, 2, words);
  expect_refusal("measure banded --bands TUM:0,1e9", 1, "slide-1.tif: --bands TUM: a distance of 1e+09 um is beyond 16384 pixels of ");
  expect_refusal("measure banded --distance TUM:LYM:1e9", 1, "slide-1.tif: --distance TUM:LYM: a distance of 1e+09 um is beyond ");
  expect_refusal("measure banded --grid 1e-9mm2:TUM", 1, "slide-1.tif: squares of 1e-09 mm2 are smaller than a pixel");
  expect_refusal("measure banded --grid 99mm2:TUM", 1, "slide-1.tif: squares of 99 mm2 are larger than the slide, ");

  for (const char* ending : {".tif", ".h5"})
    std::filesystem::copy_file(path(std::string("banded/slide-1") + ending), path(std::string("banded/broken") + ending));
  core::write_text_file(path("banded/broken.json"), "{");
  const Outcome partly = run("measure banded --bands TUM:0,5");
  EXPECT_EQ(partly.code, 3);
  EXPECT_THAT(partly.err, HasSubstr("banded/broken.json"));
  EXPECT_THAT(partly.out, HasSubstr("1 region of 1 slide"));
}

}  // namespace
}  // namespace wsi_lpd
