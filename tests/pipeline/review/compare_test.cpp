#include "wsi_lpd/pipeline/review/compare_folders.hpp"

#include <cmath>

#include "pipeline/heard_lines.hpp"
#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IdentitySegmenter;
using testing::kPaint;
using testing::TemporaryFolder;

class CompareLabels : public ::testing::Test {
 protected:
  CompareLabels() { segment("slide", 160); }

  /// A slide of 640 x 480 µm at 2 µm/px, class 1 left of a column and class 2 right of it, and its result.
  void segment(const std::string& name, std::int64_t column, const std::string& result = {}) {
    const fs::path slide = folder_ / (name + ".tiff");
    fs::create_directories(slide.parent_path());
    if (!fs::exists(slide))
      testing::write_slide(slide, {320, 240}, 2, [&](std::int64_t x, std::int64_t) { return kPaint[x < column ? 0 : 1]; });
    IdentitySegmenter network(8, 2);
    const fs::path stem = folder_ / (result.empty() ? "results/" + name : result);
    segment::segment_slide({slide, stem, {}}, network, {.tissue = "none"}, {"m", "1", "2"}, {observer_, kNever});
  }
  void write_truth(std::int64_t width, std::int64_t height, int left, int right) {
    core::Image truth(width, height, 1, static_cast<std::uint8_t>(right));
    for (std::int64_t y = 0; y < height; ++y) std::fill_n(truth.at(0, y), width / 2, static_cast<std::uint8_t>(left));
    image::write_labels_png(folder_ / "truth.png", truth, std::vector<core::Colour>(8));
  }
  static std::string rectangle(double left, double right, double bottom, const std::string& name) {
    const auto x0 = std::to_string(left), x1 = std::to_string(right), y = std::to_string(bottom);
    return R"({"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[)" + x0 + ",0],[" + x1 + ",0],[" + x1 + "," + y + "],[" + x0 +
           "," + y + R"(]]]},"properties":{"classification":{"name":")" + name + R"("}}})";
  }
  void write_regions(const std::string& features, const std::string& file = "truth.geojson") {
    core::write_text_file(folder_ / file, R"({"type":"FeatureCollection","features":[)" + features + "]}");
  }
  Comparison compare(const std::string& truth = "truth.png", const CompareOptions& options = {}) {
    return compare_labels(folder_ / "results/slide.tif", folder_ / truth, options, {observer_, kNever});
  }
  std::string error_of(const std::string& truth, const CompareOptions& options = {}) {
    try {
      compare(truth, options);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "no error";
  }
  FolderComparison compare_folders(const std::string& truths, const CompareOptions& options = {}) {
    return review::compare_folders(folder_ / "results", folder_ / truths, options, {observer_, kNever});
  }
  /// Another text in the description of a result, of the same length.
  void edit(const std::string& file, const std::string& from, const std::string& to) {
    std::string bytes = core::read_text_file(folder_ / file);
    ASSERT_EQ(from.size(), to.size());
    ASSERT_NE(bytes.find(from), std::string::npos);
    bytes.replace(bytes.find(from), from.size(), to);
    core::write_text_file(folder_ / file, bytes);
  }

  core::SilentObserver observer_;
  TemporaryFolder folder_;
};

TEST_F(CompareLabels, AgreesWithItselfAtAnyResolution) {
  for (const auto& [width, height] : std::vector<std::pair<int, int>>{{320, 240}, {160, 120}, {80, 60}, {640, 480}}) {
    write_truth(width, height, 0, 1);
    const Comparison comparison = compare();
    EXPECT_EQ(comparison.classes, core::default_class_scheme(3));
    EXPECT_THAT(comparison.note, HasSubstr("as in patches"));
    EXPECT_EQ(comparison.matrix.total(), std::int64_t{width} * height);
    EXPECT_DOUBLE_EQ(comparison.matrix.mean_iou(), 1);
    EXPECT_TRUE(comparison.boundary.empty());
    EXPECT_TRUE(comparison.truth.empty());
  }
  EXPECT_DOUBLE_EQ(compare("results/slide.tif").matrix.mean_iou(), 1);
}

TEST_F(CompareLabels, CountsDisagreement) {
  write_truth(320, 240, 0, 3);  // the right half is background in truth
  const Comparison comparison = compare();
  EXPECT_EQ(comparison.matrix.count(3, 1), 160 * 240);
  EXPECT_EQ(comparison.matrix.count(0, 0), 160 * 240);
  write_truth(320, 240, 1, 2);
  EXPECT_DOUBLE_EQ(compare("truth.png", {.truth_values = LabelValues::Results}).matrix.mean_iou(), 1);
}

TEST_F(CompareLabels, ReadsColoursWhereTheyAreTheClasses) {
  const std::vector<core::Colour> colours = core::default_class_scheme(3).colours;
  const auto write = [&](std::uint8_t left, std::uint8_t right, const std::vector<core::Colour>& palette, const fs::path& file) {
    core::Image truth(320, 240, 1, right);
    for (std::int64_t y = 0; y < 240; ++y) std::fill_n(truth.at(0, y), 160, left);
    fs::create_directories(file.parent_path());
    image::write_labels_png(file, truth, palette);
  };
  const std::vector<core::Colour> background_first{colours[3], colours[0], colours[1], colours[2]};
  testing::HeardLines heard;
  const auto compare = [&](const CompareOptions& options = {}) {
    heard.infos.clear();
    heard.warnings.clear();
    return compare_labels(folder_ / "results/slide.tif", folder_ / "truth.png", options, {heard, kNever});
  };
  write(1, 2, background_first, folder_ / "truth.png");
  Comparison comparison = compare();
  EXPECT_EQ(comparison.matrix.count(0, 0), 160 * 240);
  EXPECT_EQ(comparison.matrix.count(1, 1), 160 * 240);
  EXPECT_EQ(comparison.note, "");
  EXPECT_THAT(heard.infos, ElementsAre(HasSubstr("another order (background, class1, class2, class3): mapped by colour")));
  EXPECT_EQ(compare({.truth_values = LabelValues::Patches}).matrix.count(1, 0), 160 * 240) << "the user's word counts";
  EXPECT_THAT(heard.warnings, ElementsAre(HasSubstr("they have the order background, class1")));
  EXPECT_DOUBLE_EQ(compare({.truth_values = LabelValues::Results}).matrix.mean_iou(), 1);
  EXPECT_TRUE(heard.infos.empty() && heard.warnings.empty()) << "so it is";

  write(0, 1, {{0, 0, 0}, {9, 9, 9}}, folder_ / "truth.png");
  comparison = compare();
  EXPECT_DOUBLE_EQ(comparison.matrix.mean_iou(), 1);
  EXPECT_THAT(heard.warnings, ElementsAre(HasSubstr("other colours than the classes (value 0 is #000000, class class1 #e69f00)")));

  core::Image rgb(320, 240, 3);
  core::fill(rgb.view(), colours[1]);
  core::fill(rgb.view().part({0, 0, 160, 240}), colours[0]);
  image::write_png(folder_ / "truth.png", rgb);
  EXPECT_DOUBLE_EQ(compare().matrix.mean_iou(), 1);
  EXPECT_THAT(heard.infos, ElementsAre(HasSubstr("truth.png: read by the classes' colours")));
  core::fill(rgb.view().part({0, 0, 1, 1}), {1, 2, 3});
  image::write_png(folder_ / "truth.png", rgb);
  EXPECT_THAT(error_of("truth.png"), HasSubstr("truth.png: is an RGB image, and its colour #010203 is no class's"));

  // Of many slides it is said once.
  segment("other", 160);
  for (const char* slide : {"slide", "other"}) write(1, 2, background_first, folder_ / "truths" / (std::string(slide) + ".png"));
  heard.infos.clear();
  const FolderComparison folders = review::compare_folders(folder_ / "results", folder_ / "truths", {}, {heard, kNever});
  EXPECT_DOUBLE_EQ(folders.total.matrix.mean_iou(), 1);
  EXPECT_THAT(heard.infos, ElementsAre(HasSubstr("2 masks, the first of them")));
}

TEST_F(CompareLabels, SaysWhatItLeavesOutOfRegions) {
  testing::HeardLines heard;
  write_regions(rectangle(0, 160, 240, "class1") + "," + rectangle(160, 160, 240, "class2"));
  compare_labels(folder_ / "results/slide.tif", folder_ / "truth.geojson", {}, {heard, kNever});
  EXPECT_THAT(heard.warnings, ElementsAre(HasSubstr("1 feature has parts without an area")));
}

TEST_F(CompareLabels, ReadsRegionsOfQuPath) {
  write_regions(rectangle(0, 160, 240, "class1") + "," + rectangle(160, 320, 120, "class2"));
  const Comparison comparison = compare("truth.geojson");
  EXPECT_EQ(comparison.matrix.count(0, 0), 160 * 240);
  EXPECT_EQ(comparison.matrix.count(1, 1), 160 * 120);
  EXPECT_EQ(comparison.matrix.count(3, 1), 160 * 120) << "outside of all regions";
  EXPECT_THAT(comparison.note, HasSubstr("--outside"));
  const Comparison annotated = compare("truth.geojson", {.outside_is_background = false});
  EXPECT_EQ(annotated.matrix.count(3, 1), 0);
  EXPECT_EQ(annotated.left_out, 160 * 120);
  EXPECT_EQ(annotated.note, "");
  write_regions(rectangle(0, 160, 240, "Tumor") + "," + rectangle(160, 320, 240, "Stroma"));
  EXPECT_THAT(error_of("truth.geojson"), HasSubstr("has regions of Stroma, Tumor, and the classes are class1, class2, class3"));
  EXPECT_DOUBLE_EQ(compare("truth.geojson", {.classes = {"Tumor", "Stroma", "Fat"}}).matrix.mean_iou(), 1);
  core::write_text_file(folder_ / "truth.geojson", "{");
  EXPECT_THAT(error_of("truth.geojson"), HasSubstr("truth.geojson: is not GeoJSON"));
}

TEST_F(CompareLabels, OwnRegionsAreTheOwnRaster) {
  const Comparison comparison = compare("results/slide.geojson");
  EXPECT_DOUBLE_EQ(comparison.matrix.mean_iou(), 1);
  EXPECT_EQ(comparison.matrix.total(), 320 * 240);
}

TEST_F(CompareLabels, MeasuresBoundariesInMicrometres) {
  write_regions(rectangle(0, 170, 240, "class1") + "," + rectangle(170, 320, 240, "class2"));  // 10 pixels, 20 µm, off
  EXPECT_EQ(raster::mean_f1(compare("truth.geojson", {.boundary_um = 19.9}).boundary), 0);
  const Comparison comparison = compare("truth.geojson", {.boundary_um = 20});
  EXPECT_EQ(raster::mean_f1(comparison.boundary), 1);
  EXPECT_EQ(comparison.boundary[0].truth, 240);
  EXPECT_TRUE(std::isnan(comparison.boundary[2].f1())) << "a class that is nowhere";
  write_truth(80, 60, 0, 1);  // pixels of 8 µm
  EXPECT_EQ(raster::mean_f1(compare("truth.png", {.boundary_um = 8}).boundary), 1);
}

TEST_F(CompareLabels, KeepsAPictureOfBoth) {
  write_truth(320, 240, 0, 3);
  const Comparison comparison = compare("truth.png", {.picture_side = 100});
  EXPECT_EQ(comparison.truth.width(), 100);
  EXPECT_EQ(comparison.truth.height(), 75);
  EXPECT_DOUBLE_EQ(comparison.picture_mpp, 2 * 3.2);
  EXPECT_EQ(*comparison.truth.at(49, 74), 0);
  EXPECT_EQ(*comparison.truth.at(50, 74), 3);
  EXPECT_EQ(*comparison.result.at(50, 74), 1);
  const Comparison magnified = compare("truth.png", {.picture_side = 2048});
  EXPECT_EQ(magnified.truth.width(), 320) << "not to be magnified by a whole number to at most 512";
  write_truth(32, 24, 0, 3);
  EXPECT_EQ(compare("truth.png", {.picture_side = 2048}).result.width(), 512);
}

TEST_F(CompareLabels, MatchesClassesOfAnotherModelByName) {
  edit("results/slide.tif", R"("1":"class1","2":"class2")", R"("1":"class2","2":"class1")");
  fs::rename(folder_ / "results/slide.tif", folder_ / "other.tif");
  segment("slide", 160);
  const Comparison comparison = compare("other.tif");
  EXPECT_EQ(comparison.matrix.count(1, 0), 160 * 240) << "value 1 is class2 there";
  EXPECT_EQ(comparison.matrix.count(0, 1), 160 * 240);
  edit("other.tif", R"("3":"class3")", R"("3":"<b>肿")");
  EXPECT_THAT(error_of("other.tif"), HasSubstr("its classes are class2, class1, <b>肿, and those of the result class1, class2, class3"));
}

TEST_F(CompareLabels, RefusesWhatDoesNotBelongTogether) {
  write_truth(320, 300, 0, 1);
  EXPECT_THAT(error_of("truth.png"), HasSubstr("they do not cover the same slide"));
  write_truth(320, 240, 0, 7);
  EXPECT_THAT(error_of("truth.png"), HasSubstr("label value 7 is none of the result's classes"));
  EXPECT_THAT(error_of("truth.png", {.classes = {"a"}}), HasSubstr("has 3 classes, and --classes names 1"));
  EXPECT_THAT(error_of("absent.png"), HasSubstr("absent.png"));
  // A raster of another program as the result.
  write_truth(320, 240, 1, 2);
  const auto against = [&](const fs::path& truth, const CompareOptions& options) {
    return compare_labels(folder_ / "truth.png", truth, options, {observer_, kNever});
  };
  EXPECT_THROW(against(folder_ / "truth.png", {}), core::UsageError) << "which classes?";
  EXPECT_EQ(against(folder_ / "truth.png", {.classes = {"a", "b"}, .truth_values = LabelValues::Results}).matrix.mean_iou(), 1);
  EXPECT_THROW(against(folder_ / "results/slide.geojson", {.classes = {"class1", "class2"}}), core::Error) << "where does it lie?";
  EXPECT_THROW(against(folder_ / "truth.png", {.classes = {"a", "b"}, .truth_values = LabelValues::Results, .boundary_um = 5}),
               core::Error);
}

TEST_F(CompareLabels, RefusesResultsThatAHandEdited) {
  edit("results/slide.tif", R"("level0_bounds":[0,0,320,240])", R"("level0_bounds":[0,0,320    ])");
  write_truth(320, 240, 0, 1);
  EXPECT_THAT(error_of("truth.png"), HasSubstr("results/slide.tif: its description is not one that segment wrote"));
  segment("slide", 160);
  edit("results/slide.tif", R"("2":"class2")", R"("2":["lass"])");
  EXPECT_THAT(error_of("truth.png"), HasSubstr("its description is not one that segment wrote"));
  segment("slide", 160);
  core::write_text_file(folder_ / "results/slide.json", R"({"format": "wsi-lpd slide statistics", "version": 99})");
  EXPECT_EQ(compare().matrix.mean_iou(), 1) << "the raster says all that is needed";
  edit("results/slide.tif", R"("software":"wsi-lpd")", R"("software":"unknown")");
  EXPECT_THAT(error_of("truth.png"), HasSubstr("does not say its classes"));
}

TEST_F(CompareLabels, ComparesFoldersSlideBySlide) {
  segment("a b'c", 96);
  segment("b/slide", 80);  // two slides of one name
  for (const char* name : {"slide", "a b'c", "b/slide"}) segment(name, 0, std::string("older/x/") + (name[0] == 'b' ? "b" : name));
  segment("a b'c", 0, "results/twice/unfinished");
  fs::remove(folder_ / "results/twice/unfinished.json");
  const FolderComparison comparison = compare_folders("older");
  EXPECT_TRUE(comparison.failures.empty());
  ASSERT_EQ(comparison.slides.size(), 3U);
  EXPECT_EQ(comparison.total.matrix.total(), 3 * 320 * 240);
  EXPECT_EQ(comparison.total.matrix.mean_iou(), 1);
  EXPECT_EQ(comparison.total.matrix.count(0, 0), (160 + 96 + 80) * 240);

  fs::remove(folder_ / "older/x/b.json");
  EXPECT_THAT(compare_folders("older").without_truth, ElementsAre(HasSubstr("b/slide.tiff")));
  segment("slide", 0, "older/twice");
  EXPECT_THAT(compare_folders("older").failures.begin()->second, HasSubstr("has more than one truth"));
  fs::remove(folder_ / "older/twice.json");
  fs::remove(folder_ / "older/x/slide.tif");
  EXPECT_THAT(compare_folders("older").failures.begin()->second, HasSubstr("older/x/slide.tif"));
}

TEST_F(CompareLabels, ComparesFoldersWithAnnotations) {
  segment("b/slide", 80);
  segment("c", 80);
  fs::create_directories(folder_ / "annotations/b");
  write_regions(rectangle(0, 160, 240, "class1") + "," + rectangle(160, 320, 240, "class2"), "annotations/slide.geojson");
  write_truth(320, 240, 0, 1);
  fs::copy_file(folder_ / "truth.png", folder_ / "annotations/b/slide.labels.png");
  const FolderComparison comparison = compare_folders("annotations", {.boundary_um = 10});
  ASSERT_EQ(comparison.slides.size(), 2U);
  EXPECT_THAT(comparison.without_truth, ElementsAre(HasSubstr("c.tiff")));
  EXPECT_EQ(comparison.total.matrix.count(0, 1), 80 * 240) << "of the slide whose border is elsewhere";
  EXPECT_EQ(comparison.total.boundary[0].f1(), 0.5);
  fs::copy_file(folder_ / "truth.png", folder_ / "annotations/slide.png");
  EXPECT_THAT(compare_folders("annotations").failures.begin()->second, HasSubstr("has more than one truth"));

  fs::create_directories(folder_ / "empty");
  EXPECT_THROW(compare_folders("empty"), core::UsageError);
  EXPECT_THROW(compare_folders("absent"), core::UsageError);
  // Another model made one of the results.
  fs::remove(folder_ / "annotations/slide.png");
  edit("results/b/slide.tif", R"("3":"class3")", R"("3":"klass3")");
  EXPECT_THAT(compare_folders("annotations").failures.begin()->second, HasSubstr("it is of another model"));
}

}  // namespace
}  // namespace wsi_lpd::pipeline::review
