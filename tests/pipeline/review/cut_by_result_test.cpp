// Patches that a result of `segment` decides on.
#include "pipeline/identity_segmenter.hpp"
#include "tile_fixture.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

using testing::IdentitySegmenter;
using testing::kPaint;

TEST_F(Tile, TakesWhatAResultSaysIsMostlyOfAClass) {
  // Class 2 in the right part, from a column that cuts through patches.
  testing::write_slide(folder_ / "slide.tif", {1280, 640}, 0.5, [](std::int64_t x, std::int64_t) { return kPaint[x < 620 ? 0 : 1]; });
  IdentitySegmenter network(8, 1.0);
  segment::segment_slide({folder_ / "slide.tif", folder_ / "results" / "slide", {}}, network, {.tissue = "none"}, {"m", "1", "2"},
                         {observer_, kNever});
  std::vector<TileJob> jobs{{folder_ / "slide.tif", {}, {}}};
  const core::ClassScheme classes = find_results(jobs, folder_ / "results");
  EXPECT_EQ(classes, network.shape().classes);
  EXPECT_EQ(jobs[0].result, folder_ / "results" / "slide.tif");
  for (const auto& [share, first] : std::vector<std::pair<double, std::int64_t>>{{0.05, 512}, {0.1, 512}, {0.5, 640}, {1.0, 640}}) {
    fs::remove_all(out());
    const TileReport report =
        tile_slides(jobs, out(), {.size = 128, .mpp = 0.5, .tissue = "none", .class_name = "class2", .min_class = share}, classes.names,
                    {observer_, kNever});
    // The patch from 512 to 640 has 20 of its 128 columns in class 2, give or take the network's cells of 16 level-0 pixels.
    EXPECT_EQ(report.slides[0].written, first == 512 ? 5 * 6 : 5 * 5) << share;
    for (const std::string& file : files()) EXPECT_GE(place_of(file).x, first) << share;
    for (const auto& row : table("patches.csv")) {
      if (row[0] == "file") continue;
      EXPECT_EQ(row[9], "class2");
      EXPECT_GE(std::stod(row[10]), share);
    }
  }
  fs::remove_all(out());
  EXPECT_EQ(tile_slides(jobs, out(), {.size = 128, .tissue = "none"}, classes.names, {observer_, kNever}).mpp, 1.0) << "as the result";
}

TEST_F(Tile, TakesWhatAResultIsLeastCertainOf) {
  // A square of a colour between two classes.
  const auto between = [](std::int64_t x, std::int64_t y) { return x >= 640 && x < 768 && y >= 256 && y < 384; };
  testing::write_slide(folder_ / "slide.tif", {1280, 640}, 0.5, [&](std::int64_t x, std::int64_t y) {
    return between(x, y) ? core::Colour{115, 115, 30} : kPaint[0];
  });
  IdentitySegmenter network(8, 1.0, false);
  segment::segment_slide({folder_ / "slide.tif", folder_ / "results" / "slide", {}}, network, {.tissue = "none"}, {"m", "1", "2"},
                         {observer_, kNever});
  std::vector<TileJob> jobs{{folder_ / "slide.tif", {}, {}}};
  const core::ClassScheme classes = find_results(jobs, folder_ / "results");
  const TileOptions options{.size = 64, .mpp = 1.0, .tissue = "none", .max = 1, .uncertain = true};
  EXPECT_EQ(tile_slides(jobs, out(), options, classes.names, {observer_, kNever}).patches(), 1);
  EXPECT_THAT(files(), ElementsAre("slide_x640_y256_w128.png"));
  auto rows = table("uncertain.csv");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0], ElementsAre("file", "slide", "entropy", "distance", "chosen_by"));
  EXPECT_EQ(rows[1][0], "train/slide_x640_y256_w128.png");
  EXPECT_GT(std::stod(rows[1][2]), 0.1);
  EXPECT_EQ(rows[1][3], "") << "this network does not know";
  EXPECT_EQ(rows[1][4], "entropy");
  EXPECT_EQ(tile_slides(jobs, out(), options, classes.names, {observer_, kNever}).slides[0].already, 1);
  EXPECT_EQ(table("uncertain.csv").size(), 2U) << "no second line";
  EXPECT_THAT(core::read_text_file(out() / "uncertain.html"), HasSubstr("src=\"train/slide_x640_y256_w128.png\""));

  fs::remove(folder_ / "results" / "slide.h5");
  EXPECT_THAT(tile_slides(jobs, out(), options, classes.names, {observer_, kNever}).failures.begin()->second, HasSubstr("slide.h5"));
}

TEST_F(Tile, KnowsWhichResultIsOfWhichSlide) {
  const auto paint = [&](const std::string& name, std::int64_t width) {
    fs::create_directories((folder_ / name).parent_path());
    testing::write_slide(folder_ / name, {width, 320}, 0.5, [](std::int64_t x, std::int64_t) { return kPaint[x < 160 ? 0 : 1]; });
  };
  paint("a/slide.tif", 320);
  paint("b/slide.tif", 640);
  IdentitySegmenter network(8, 1.0);
  const auto segment = [&](const std::string& slide, const std::string& stem) {
    segment::segment_slide({folder_ / slide, folder_ / stem, {}}, network, {.tissue = "none"}, {"m", "1", "2"}, {observer_, kNever});
  };
  const auto found = [&](const std::string& slide, const std::string& result) -> std::string {
    std::vector<TileJob> jobs{{folder_ / slide, {}, {}}};
    try {
      find_results(jobs, folder_ / result);
      if (!jobs[0].failure.empty()) return jobs[0].failure;
      return jobs[0].result.lexically_relative(folder_.path());
    } catch (const core::Error& error) {
      return error.what();
    }
  };
  segment("a/slide.tif", "results/a/slide");
  EXPECT_THAT(found("b/slide.tif", "results"), HasSubstr("has a result of another slide of this name"));
  segment("b/slide.tif", "results/b/slide");
  EXPECT_EQ(found("a/slide.tif", "results"), "results/a/slide.tif");
  EXPECT_EQ(found("b/slide.tif", "results"), "results/b/slide.tif");
  EXPECT_EQ(found("b/slide.tif", "results/a/slide.tif"), "results/a/slide.tif") << "as the user says; refused when it is used";
  std::vector<TileJob> jobs{{folder_ / "b/slide.tif", {}, folder_ / "results/a/slide.tif"}};
  const auto failure = [&](const std::string& class_name) {
    const auto report = tile_slides(jobs, out(), {.size = 64, .tissue = "none", .class_name = class_name}, {}, {observer_, kNever});
    return report.failures.empty() ? std::string("none") : report.failures.begin()->second;
  };
  EXPECT_THAT(failure("class1"), HasSubstr("is the result of another slide"));
  jobs[0].result = folder_ / "results/b/slide.tif";
  EXPECT_THAT(failure("TUM"), HasSubstr("has no class TUM; its classes are class1, class2, class3"));
  EXPECT_THAT(found("b/slide.tif", "b/slide.tif"), HasSubstr("labels must be"));

  // Results of two models with other classes share the folder.
  segment("a/slide.tif", "results/a/slide");
  const std::string raster = core::read_text_file(folder_ / "results/a/slide.tif"), name = R"("2":"class2")";
  std::string edited = raster;
  edited.replace(edited.find(name), name.size(), R"("2":"a/\"<b")");
  core::write_text_file(folder_ / "results/a/slide.tif", edited);
  jobs = {{folder_ / "a/slide.tif", {}, {}}, {folder_ / "b/slide.tif", {}, {}}};
  try {
    find_results(jobs, folder_ / "results");
    ADD_FAILURE();
  } catch (const core::UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("is of another model"));
  }
  edited.replace(edited.find("level0_bounds"), 13, "level0_bound5");
  core::write_text_file(folder_ / "results/a/slide.tif", edited);
  EXPECT_THAT(found("a/slide.tif", "results"), HasSubstr("its description is not one that segment wrote"));
  core::write_text_file(folder_ / "results/a/slide.tif", raster);

  segment("b/slide.tif", "results/again");
  EXPECT_THAT(found("b/slide.tif", "results"), HasSubstr("has 2 results of it"));
  fs::remove(folder_ / "results/a/slide.tif");
  EXPECT_THAT(found("a/slide.tif", "results"), HasSubstr("is gone"));
  core::write_text_file(folder_ / "results/a/slide.json", R"({"format": "wsi-lpd slide statistics", "version": 7})");
  EXPECT_THAT(found("a/slide.tif", "results"), AllOf(HasSubstr("has a result that can't be used"), HasSubstr("its version is 7")));
  fs::remove_all(folder_ / "results");
  fs::create_directories(folder_ / "results");
  EXPECT_THAT(found("a/slide.tif", "results"), HasSubstr("has no complete result of it"));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::review
