// What a user meets of `report` where other commands have measured, compared and chosen patches.
#include "cli/program.hpp"

namespace wsi_lpd {
namespace {

using ::testing::AllOf;

TEST_F(Program, ReportsRegionsStudiesAndPatches) {
  ASSERT_EQ(run("segment data/slides/slide-1.tif -o reported --overlap 0 --quiet").code, 0);
  fs::create_directories(path("reported-drawn"));
  const std::string drawn =
      R"([{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[400,0],[400,400],[0,400]]]},"properties":{"name":"front"}}])";
  core::write_text_file(path("reported-drawn/slide-1.geojson"), drawn);
  ASSERT_EQ(run("measure reported --annotations reported-drawn -o reported-elsewhere.csv").code, 0);
  EXPECT_FALSE(fs::exists(path("reported/slide-1.regions.geojson"))) << "it is of the table beside it";
  const Outcome batch = run("batch data/slides/slide-1.tif -o reported --overlap 0 --annotations reported-drawn");
  ASSERT_EQ(batch.code, 0) << batch.err;
  EXPECT_EQ(core::read_text_file(path("reported/slide-1.regions.geojson")), drawn);
  EXPECT_THAT(run("status reported --verify").out, HasSubstr("1 complete, 0 failed, 0 unfinished"));
  core::write_text_file(path("reported-groups.csv"), "slide,case\nslide-1,P1\n");
  ASSERT_EQ(run("study reported --groups reported-groups.csv").code, 0);
  const Outcome tile = run("tile data/slides/slide-1.tif --result reported --uncertain --max 2 -o reported-patches --size 96");
  ASSERT_EQ(tile.code, 0) << tile.err;

  const Outcome report = run("report reported --deep-zoom --patches reported-patches");
  ASSERT_EQ(report.code, 0) << report.err;
  EXPECT_THAT(core::read_text_file(path("reported/report/index.html")),
              AllOf(HasSubstr("href=\"../study/index.html\""), HasSubstr("href=\"../../reported-patches/uncertain.html\"")));
  for (const auto& entry : fs::directory_iterator(path("reported/report/slides"))) {
    const std::string page = core::read_text_file(entry.path());
    EXPECT_THAT(page, AllOf(HasSubstr(">front<"), HasSubstr("href=\"../../regions.csv\""), HasSubstr("href=\"#x="),
                            HasSubstr("src=\"../../../reported-patches/train/slide-1_x")));
  }
  for (const auto& entry : fs::directory_iterator(path("reported/report/regions")))
    EXPECT_THAT(core::read_text_file(entry.path()), HasSubstr("\"front\""));
  expect_refusal("report reported --patches reported-drawn", 2,
                 "reported-drawn: holds no uncertain.csv; name a folder that tile --uncertain");
}

}  // namespace
}  // namespace wsi_lpd
