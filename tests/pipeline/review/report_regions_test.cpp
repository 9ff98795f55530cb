// What reports show of `measure` and `study`.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include "patch_tables.hpp"
#include "pipeline/heard_lines.hpp"
#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/pipeline/review/measure_folder.hpp"
#include "wsi_lpd/pipeline/review/report.hpp"
#include "wsi_lpd/pipeline/review/study.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IdentitySegmenter;
using testing::kPaint;
using ::testing::Not;

/// A slide of 640 x 480 px at 2 µm/px: class 1 left of column 320, class 2 right of it; and a report of it.
class MeasuredReport : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_slide(folder_ / "slide.tiff", {640, 480}, 2, [](std::int64_t x, std::int64_t) { return kPaint[x < 320 ? 0 : 1]; });
    IdentitySegmenter network(8, 2);
    segment::segment_slide({folder_ / "slide.tiff", out() / "slide", {}}, network, {.tissue = "none"}, {"m", "1", "2"},
                           {observer_, kNever});
    // a frame around a hole, and a square in the hole, of a class of the model
    core::write_text_file(folder_ / "slide.geojson",
                          R"([{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[220,40],[420,40],[420,240],[220,240]],)"
                          R"([[280,100],[280,180],[360,180],[360,100]]]},"properties":{"name":"<b>frame</b>"}},)"
                          R"({"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[300,120],[340,120],[340,160],[300,160]]]},)"
                          R"("properties":{"classification":{"name":"class2"}}}])");
  }
  fs::path out() const { return folder_ / "out"; }
  void measure(const MeasureOptions& options = {}) {
    const MeasuredFolder measured = measure_folder(out(), folder_ / "slide.geojson", options, {observer_, kNever});
    for (const auto& [from, to] : measured.outlines) fs::copy_file(from, to, fs::copy_options::overwrite_existing);
    core::write_text_file(measured.name, measured.table);
  }
  /// The page of the slide.
  std::string report(bool deep_zoom = true) {
    write_report(out(), {.deep_zoom = deep_zoom}, {observer_, kNever});
    return core::read_text_file(fs::directory_iterator(out() / "report/slides")->path());
  }
  bool has_script() const { return !fs::is_empty(out() / "report/regions"); }

  testing::TemporaryFolder folder_;
  testing::HeardLines observer_;
};

TEST_F(MeasuredReport, HasATableBandsAndHotSpots) {
  EXPECT_THAT(report(false), Not(HasSubstr("id=\"regions\""))) << "nothing was measured";
  measure({.class_bands = {parse_bands("class1:-20,0,20")},
           .region_bands = {parse_bands("-40,0")},
           .distances = {parse_distance("class2:class1:300")},
           .grid = parse_grid("0.01mm2:class2")});
  const std::string page = report();
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;frame&lt;/b&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<b>frame")));
  EXPECT_THAT(page, HasSubstr("slide.regions.csv"));
  EXPECT_THAT(page, HasSubstr(">region 2<"));
  EXPECT_THAT(page, HasSubstr("0.134\u00a0mm²"));  // (200² - 80²) px of 4 µm²
  EXPECT_THAT(page, HasSubstr(">50.0\u00a0%</td>"));
  EXPECT_THAT(page, HasSubstr("distance from <bdi>border of class1</bdi>"));
  EXPECT_THAT(page, HasSubstr("-20 to 0\u00a0µm: class1 100.0\u00a0% class2 0.0\u00a0%"));
  EXPECT_THAT(page, HasSubstr("distance from <bdi>its border</bdi>"));
  EXPECT_THAT(page, HasSubstr("hot spot of class2, 100.0\u00a0%"));
  EXPECT_THAT(page, HasSubstr("<h2>Distances</h2>"));
  EXPECT_THAT(page, HasSubstr("<td><bdi>class2</bdi></td><td><bdi>class1</bdi></td>"));
  // of 40 columns of 120 rows beside the hole and 60 columns of 200 rows, the 58th from the border has the middle pixel
  EXPECT_THAT(page, HasSubstr(">115\u00a0µm</td>"));
  EXPECT_THAT(page, HasSubstr("0.0\u00a0% beyond 300\u00a0µm"));
  EXPECT_THAT(page, HasSubstr("share of <bdi>class2</bdi> in squares of the grid"));
  EXPECT_THAT(page, HasSubstr("<title>column 7, row 2: 60.0\u00a0%</title>")) << "class 2 from 320 on of 300 to 349";
  EXPECT_THAT(page, HasSubstr("class=\"spot\""));
  EXPECT_THAT(page, HasSubstr("viewer_regions.js"));
  EXPECT_TRUE(has_script());
  EXPECT_THAT(observer_.warnings, ElementsAre());

  measure({.class_bands = {parse_bands("class1:-20,0,20"), parse_bands("class1:10,40")}});
  std::string rest = report();
  int plots = 0;
  for (const std::string caption = "border of class1</bdi>, negative"; rest.find(caption) != std::string::npos; ++plots)
    rest.erase(0, rest.find(caption) + caption.size());
  EXPECT_EQ(plots, 4) << "of each region two: the options' bands overlap";

  // The table of the folder, if it was written later; of a whole slide there is no outline.
  core::write_text_file(out() / "regions.csv",
                        measure_folder(out(), {}, {.class_bands = {parse_bands("class1:0,20")}}, {observer_, kNever}).table);
  const auto later = fs::last_write_time(out() / "slide.regions.csv") + std::chrono::seconds(2);
  fs::last_write_time(out() / "regions.csv", later);
  const std::string whole = report();
  EXPECT_THAT(whole, HasSubstr("whole slide"));
  EXPECT_THAT(whole, Not(HasSubstr("region 2")));
  EXPECT_FALSE(has_script());
}

TEST_F(MeasuredReport, SaysWhatIsNotDrawnAndWhatIsOld) {
  measure();
  const fs::path outlines = out() / "slide.regions.geojson", table = out() / "slide.regions.csv";
  fs::copy_file(outlines, folder_ / "kept");
  std::string other = core::read_text_file(outlines);
  other.replace(other.find("frame"), 5, "other");
  core::write_text_file(outlines, other);
  EXPECT_THAT(report(), HasSubstr("1 region is not drawn: slide.regions.geojson has none of the same number, name and class"));
  EXPECT_TRUE(has_script());
  core::write_text_file(outlines, "{");
  EXPECT_THAT(report(), HasSubstr("The regions are not drawn: "));
  fs::remove(outlines);
  EXPECT_THAT(report(), HasSubstr("slide.regions.geojson is not there"));
  EXPECT_FALSE(has_script());
  fs::copy_file(folder_ / "kept", outlines);
  EXPECT_THAT(report(), Not(HasSubstr("not drawn")));
  EXPECT_THAT(report(), Not(HasSubstr("older than the result")));

  fs::last_write_time(table, fs::last_write_time(out() / "slide.json") - std::chrono::seconds(2));
  EXPECT_THAT(report(), HasSubstr("The table is older than the result"));
  EXPECT_THAT(observer_.warnings, ElementsAre());
  core::write_text_file(table, "no table\n");
  EXPECT_THAT(report(), Not(HasSubstr("id=\"regions\"")));
  EXPECT_THAT(observer_.warnings, ElementsAre(HasSubstr("slide.regions.csv: can't be read, or is no table of regions")));
}

TEST_F(MeasuredReport, SegmentingAgainRemovesOutlines) {
  measure();
  ASSERT_TRUE(fs::exists(out() / "slide.regions.geojson"));
  IdentitySegmenter network(8, 2);
  segment::segment_slide({folder_ / "slide.tiff", out() / "slide", {}}, network, {.tissue = "none"}, {"m", "1", "2"}, {observer_, kNever});
  EXPECT_FALSE(fs::exists(out() / "slide.regions.geojson"));
}

TEST_F(MeasuredReport, WorksInABrowser) {
  if (std::system("command -v chromium python3 >/dev/null") != 0) GTEST_SKIP() << "no Chromium here (scripts/setup --tests)";
  measure({.grid = parse_grid("0.01mm2:class2")});
  report();
  const std::string command = "timeout 120 python3 '" WSI_LPD_SOURCE_DIR "/tests/report/regions.py' '" + (out() / "report").string() + "'";
  const int status = std::system(command.c_str());
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(MeasuredReport, LeadsToPatchesThatWereChosen) {
  PatchTables tables(folder_ / "patches", {"TUM"});
  tables.begin();
  const std::string slide = (folder_ / "slide.tiff").string(), fingerprint = core::FileIdentity(slide).fingerprint();
  const auto patch = [&](const std::string& name, const std::string& of, double entropy) {
    return CutPatch{.file = name,
                    .slide = slide,
                    .slide_fingerprint = of,
                    .x = 100,
                    .y = 200,
                    .side = 90,
                    .size = 45,
                    .uncertainty = Uncertainty{entropy, 0.5, "entropy"}};
  };
  CutPatch drawn = patch("train/drawn.png", fingerprint, 0);
  drawn.uncertainty.reset();
  tables.add(
      {patch("train/a 'b'.png", fingerprint, 0.25), patch("train/c.png", fingerprint, 0.75), patch("train/other.png", "0-0", 1), drawn});
  write_report(out(), {.patches = folder_ / "patches", .deep_zoom = true}, {observer_, kNever});
  const std::string page = core::read_text_file(fs::directory_iterator(out() / "report/slides")->path());
  // 360 pixels of the screen for 90: enlarged by four
  EXPECT_THAT(page,
              HasSubstr("<a class=\"place\" href=\"#x=145&amp;y=245&amp;zoom=2.00\"><img loading=\"lazy\" alt=\"train/a &#39;b&#39;.png\" "
                        "src=\"../../../patches/train/a%20%27b%27.png\""));
  EXPECT_LT(page.find("train/c.png"), page.find("train/a%20")) << "the most uncertain first";
  EXPECT_THAT(page, Not(HasSubstr("other.png"))) << "of another file";
  EXPECT_THAT(page, Not(HasSubstr("drawn.png"))) << "not chosen for its uncertainty";
  EXPECT_THAT(core::read_text_file(out() / "report/index.html"),
              HasSubstr("<a href=\"../../patches/uncertain.html\">Where to look</a>: 2 patches"));
  EXPECT_THAT(report(false), Not(HasSubstr("Where to look")));
  EXPECT_THROW(write_report(out(), {.patches = out()}, {observer_, kNever}), core::UsageError);
}

TEST_F(MeasuredReport, LinksStudiesAndShowsTheirPlots) {
  core::write_text_file(folder_ / "groups.csv", "slide,case,group\nslide,<i>P1</i>,A\n");
  write_study(out(), folder_ / "groups.csv", {}, {observer_, kNever});
  write_study(out(), folder_ / "groups.csv", {.output = out() / "a & b"}, {observer_, kNever});
  report(false);
  const std::string index = core::read_text_file(out() / "report/index.html");
  EXPECT_THAT(index, HasSubstr("<a href=\"../study/index.html\"><bdi>study</bdi></a>"));
  EXPECT_THAT(index, HasSubstr("<a href=\"../a%20%26%20b/index.html\"><bdi>a &amp; b</bdi></a>"));
  EXPECT_THAT(index, HasSubstr("<strong>1 case</strong> of 1 slide"));
  EXPECT_THAT(index, HasSubstr("A · n = 1"));
  EXPECT_THAT(index, HasSubstr("&lt;i&gt;P1&lt;/i&gt;: "));
  EXPECT_THAT(index, Not(HasSubstr("Further measures")));
  fs::remove(out() / "study/index.html");
  report(false);
  EXPECT_THAT(core::read_text_file(out() / "report/index.html"), Not(HasSubstr("../study/")));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::review
