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
  expect_refusal("measure regions --annotations other.geojson", 2, "is one file, and of the 2 slides in regions 0 are named other");
  fs::create_directories(path("nothing-drawn"));
  expect_refusal("measure regions --annotations nothing-drawn", 2, "has annotations of none of the slides in regions");
}

}  // namespace
}  // namespace wsi_lpd
