#include "wsi_lpd/pipeline/batch.hpp"
#include "wsi_lpd/pipeline/find_slides.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "identity_segmenter.hpp"
#include "image/test_tiff.hpp"
#include "run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"

namespace wsi_lpd::pipeline {
namespace {

using ::testing::HasSubstr;
using testing::IdentitySegmenter;
using testing::kPaint;
using testing::TemporaryFolder;
using testing::write_slide;

class Archive : public ::testing::Test {
 protected:
  Archive() {
    std::filesystem::create_directories(folder_.path() / "archive" / "sub");
    for (const char* name : {"a.tif", "sub/a.tif", "b it's.tif"}) {
      write_slide(folder_.path() / "archive" / name, {300, 200}, 0.5, [](auto, auto) { return kPaint[0]; });
    }
    std::ofstream(folder_.path() / "archive" / "notes.txt") << "no slide\n";
  }
  BatchReport run(const std::vector<SlideJob>& jobs, const std::string& model = "m1", bool force = false) {
    IdentitySegmenter network(8, 0.5);
    SilentObserver observer;
    return run_batch(jobs, output_, network, {.tissue = "none"}, {"model", model, "c1"}, {.force = force}, observer, kNever);
  }

  TemporaryFolder folder_;
  std::filesystem::path archive_ = folder_ / "archive";
  std::filesystem::path output_ = folder_ / "out";
};

TEST_F(Archive, IsSearchedThroughAndKeepsItsFolders) {
  const auto jobs = find_slides(archive_, output_);
  ASSERT_EQ(jobs.size(), 3U);
  EXPECT_EQ(jobs[0].stem, output_ / "a");
  EXPECT_EQ(jobs[1].stem, output_ / "b it's");
  EXPECT_EQ(jobs[2].stem, output_ / "sub" / "a");
}

TEST_F(Archive, IsSearchedForSlidesOnlyNotMasksPicturesOrResults) {
  run(find_slides(archive_, output_));
  std::filesystem::copy(output_, archive_ / "old results", std::filesystem::copy_options::recursive);
  image::write_png(archive_ / "picture.png", Image(64, 64, 3, 90));
  image::write_jpeg(archive_ / "picture.jpg", Image(64, 64, 3, 90));
  image::PyramidOptions options;
  options.tile = 64;
  image::RasterWriter mask(archive_ / "mask.tif", {64, 64}, 1, options);
  mask.add_rows(Image(64, 64, 1, 1).data(), 64);
  mask.finish();
  testing::TestPage strips{.size = {100, 80}, .bytes = std::vector<std::uint8_t>(100 * 80 * 3, 90)};
  strips.tile = 0;
  testing::write_tiff(archive_ / "strips.tif", {strips});
  std::vector<std::string> names;
  for (const SlideJob& job : find_slides(archive_, output_)) names.push_back(std::filesystem::relative(job.slide, archive_));
  EXPECT_THAT(names, ::testing::ElementsAre("a.tif", "b it's.tif", "strips.tif", "sub/a.tif"));
  EXPECT_EQ(find_slides(archive_ / "picture.png", output_).size(), 1U) << "named, it is taken";
}

TEST_F(Archive, NamesResultsSoThatNoneIsAnotherSlide) {
  const auto paint = [](auto, auto) { return kPaint[0]; };
  write_slide(archive_ / "c.ome.tif", {30, 20}, 0.5, paint);
  EXPECT_EQ(name_results({archive_ / "c.ome.tif"}, output_)[0].stem, output_ / "c") << "c.ome.tif is a label pyramid's name";
  EXPECT_THROW(name_results({archive_ / "c.ome.tif"}, archive_), UsageError) << "the slide would be removed";
  EXPECT_THROW(name_results({archive_ / "a.tif"}, archive_), UsageError) << "the slide would be overwritten";
  write_slide(folder_ / "c.tif", {30, 20}, 0.5, paint);
  EXPECT_THROW(name_results({folder_ / "c.tif"}, archive_), UsageError) << "another slide would be removed";
  const auto jobs = name_results({archive_ / "c.ome.tif", folder_ / "c.tif"}, output_);
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].stem, output_ / "c.ome.tif");
  EXPECT_EQ(jobs[1].stem, output_ / "c.tif");
}

TEST_F(Archive, IsTakenFromPatternsListsAndManifests) {
  EXPECT_EQ(find_slides((archive_ / "*.tif").string(), output_).size(), 2U);
  std::ofstream(archive_ / "list.txt") << "# the good ones\na.tif\nsub/../a.tif\nb it's.tif\r\n";
  EXPECT_THROW(find_slides(archive_ / "list.txt", output_), UsageError) << "one slide twice";
  std::ofstream(archive_ / "list.txt") << "# the good ones\na.tif\n\nb it's.tif\r\n";
  EXPECT_EQ(find_slides(archive_ / "list.txt", output_).size(), 2U);
  std::ofstream(archive_ / "manifest.csv") << "slide,mpp\n\"a.tif\",0.25\nb it's.tif,\n";
  const auto jobs = find_slides(archive_ / "manifest.csv", output_);
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].mpp, 0.25);
  EXPECT_FALSE(jobs[1].mpp);
  std::ofstream(archive_ / "manifest.csv") << "slide,mpp\na.tif,wide\n";
  EXPECT_THROW(find_slides(archive_ / "manifest.csv", output_), UsageError);
  // As spreadsheets save them: none of these may lose the column.
  for (const char* text : {"slide, MPP\na.tif, 0.25\n", "\xef\xbb\xbfSlide;mpp\r\na.tif;0,25\r\n", "mpp\tslide\n0.25\ta.tif\n\n",
                           "slide,mpp\na.tif,0.25\na.tif,0.25\n"}) {
    std::ofstream(archive_ / "manifest.csv") << text;
    const auto read = find_slides(archive_ / "manifest.csv", output_);
    ASSERT_EQ(read.size(), 1U) << text;
    EXPECT_EQ(read[0].mpp, 0.25) << text;
  }
  const auto refusal = [&](const char* text) -> std::string {
    std::ofstream(archive_ / "manifest.csv") << text;
    try {
      find_slides(archive_ / "manifest.csv", output_);
      return "none";
    } catch (const UsageError& error) {
      return error.what();
    }
  };
  EXPECT_THAT(refusal("slide,um_per_px\na.tif,0.25\n"), HasSubstr("unknown column 'um_per_px'; a manifest has the columns slide and"));
  EXPECT_THAT(refusal("mpp\n0.25\n"), HasSubstr("names no column 'slide'"));
  EXPECT_THAT(refusal("slide,mpp\na.tif,0.25\n./a.tif,0.5\n"), HasSubstr("manifest.csv line 3: ./a.tif stands in line 2 with another mpp"));
  EXPECT_THAT(refusal("slide,mpp\n,0.25\n"), HasSubstr("line 2: no slide is named"));
  EXPECT_THROW(find_slides(archive_ / "*.svs", output_), UsageError);
  EXPECT_THROW(find_slides(folder_ / "nowhere", output_), UsageError);
}

TEST_F(Archive, KeepsTheExtensionWhereNamesWouldCollide) {
  std::filesystem::copy_file(archive_ / "a.tif", archive_ / "a.tiff");
  const auto jobs = find_slides(archive_, output_);
  EXPECT_EQ(jobs[0].stem, output_ / "a.tif");
  EXPECT_EQ(jobs[1].stem, output_ / "a.tiff");
}

TEST_F(Archive, NeverOverwritesASlideWithItsResult) {
  EXPECT_THROW(find_slides(archive_, archive_), UsageError);
  EXPECT_THROW(name_results({archive_ / "a.tif"}, archive_), UsageError);
}

TEST_F(Archive, OneFailureStopsNoOtherAndFinishedSlidesAreSkipped) {
  std::ofstream(archive_ / "broken.tif") << "II*\0 nothing";
  auto jobs = find_slides(archive_, output_);
  jobs.insert(jobs.begin(), {archive_ / "broken.tif", output_ / "broken", {}});
  BatchReport report = run(jobs);
  EXPECT_EQ(report.finished.size(), 3U);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures.begin()->second, ::testing::HasSubstr("broken.tif"));
  const std::string summary = read_text_file(output_ / "summary.csv");
  EXPECT_EQ(std::count(summary.begin(), summary.end(), '\n'), 5);
  EXPECT_FALSE(std::filesystem::exists(output_ / "broken.json"));

  report = run(jobs);
  EXPECT_EQ(report.skipped.size(), 3U);
  EXPECT_TRUE(report.finished.empty());
  EXPECT_EQ(run(jobs, "m1", true).finished.size(), 3U) << "--force";
  EXPECT_EQ(run(jobs, "m2").finished.size(), 3U) << "another model";
  write_slide(archive_ / "a.tif", {310, 200}, 0.5, [](auto, auto) { return kPaint[1]; });
  report = run(jobs, "m2");
  EXPECT_EQ(report.finished.size(), 1U) << "the slide has changed";
  EXPECT_EQ(report.skipped.size(), 2U);
}

TEST_F(Archive, DoesASlideAgainWhoseStatisticsAreDamaged) {
  const auto jobs = find_slides(archive_, output_);
  run(jobs);
  std::ofstream(output_ / "a.json") << "{";
  const BatchReport report = run(jobs);
  EXPECT_EQ(report.finished.size(), 1U);
  EXPECT_EQ(report.skipped.size(), 2U);
}

}  // namespace
}  // namespace wsi_lpd::pipeline
