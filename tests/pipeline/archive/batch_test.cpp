#include "wsi_lpd/pipeline/archive/batch.hpp"
#include "wsi_lpd/pipeline/archive/find_slides.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "image/test_tiff.hpp"
#include "pipeline/archive/run_here.hpp"
#include "pipeline/heard_lines.hpp"
#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::pipeline::archive {
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
  BatchReport run(const JobList& jobs, const std::string& model = "m1", bool force = false) {
    IdentitySegmenter network(8, 0.5);
    core::SilentObserver observer;
    return run_here(jobs, output_, network, {.tissue = "none"}, {"model", model, "c1"}, {.force = force}, {observer, kNever});
  }

  TemporaryFolder folder_;
  std::filesystem::path archive_ = folder_ / "archive";
  std::filesystem::path output_ = folder_ / "out";
};

TEST_F(Archive, OneFailureStopsNoOtherAndFinishedSlidesAreSkipped) {
  std::ofstream(archive_ / "broken.tif") << "II*\0 nothing";
  const auto jobs = find_slides(archive_, output_, kNever).jobs;
  BatchReport report = run(jobs);
  EXPECT_EQ(report.done, 3U);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures.begin()->second, ::testing::HasSubstr("broken.tif"));
  const std::string summary = core::read_text_file(output_ / "summary.csv");
  EXPECT_EQ(std::count(summary.begin(), summary.end(), '\n'), 5);
  EXPECT_FALSE(std::filesystem::exists(output_ / "broken.json"));

  report = run(jobs);
  EXPECT_EQ(report.already_done, 3U);
  EXPECT_EQ(report.done, 0U);
  EXPECT_EQ(run(jobs, "m1", true).done, 3U) << "--force";
  EXPECT_EQ(run(jobs, "m2").done, 3U) << "another model";
  write_slide(archive_ / "a.tif", {310, 200}, 0.5, [](auto, auto) { return kPaint[1]; });
  report = run(jobs, "m2");
  EXPECT_EQ(report.done, 1U) << "the slide has changed";
  EXPECT_EQ(report.already_done, 2U);
}

TEST_F(Archive, WhatIsWrongWithOneSlideIsItsFailure) {
  const JobList found = find_slides(archive_, output_, kNever).jobs;
  std::vector<segment::SlideJob> jobs;
  for (segment::SlideJob job : found) jobs.push_back(std::move(job));
  ASSERT_EQ(jobs.size(), 3U);
  jobs[0].failure = "list.csv line 2: mpp 'wide' is no number";
  jobs[1].mpp = 50;  // the reader refuses it as wrong usage
  const BatchReport report = run(jobs);
  EXPECT_EQ(report.done, 1U);
  ASSERT_EQ(report.failures.size(), 2U);
  EXPECT_THAT(report.failures.at(jobs[0].slide.string()), HasSubstr("mpp 'wide'"));
  EXPECT_THAT(report.failures.at(jobs[1].slide.string()), HasSubstr("50 um/px was given"));
  const std::string summary = core::read_text_file(output_ / "summary.csv");
  EXPECT_THAT(summary, HasSubstr("mpp 'wide'"));
  EXPECT_THAT(summary, HasSubstr("50 um/px was given"));
}

TEST_F(Archive, WhatIsWrongWithTheRunIsRefusedBeforeAnySlide) {
  const auto jobs = find_slides(archive_, output_, kNever).jobs;
  IdentitySegmenter network(8, 0.5);
  core::SilentObserver observer;
  const auto refuse = [&](const segment::SegmentOptions& options) {
    EXPECT_THROW(run_here(jobs, output_, network, options, {"model", "m1", "c1"}, {}, {observer, kNever}), core::UsageError);
    EXPECT_FALSE(std::filesystem::exists(output_)) << "something was started";
  };
  refuse({.tile = 100});
  refuse({.stain = core::StainMethod::Macenko});
}

TEST_F(Archive, DoesASlideAgainWhoseStatisticsAreDamaged) {
  const auto jobs = find_slides(archive_, output_, kNever).jobs;
  run(jobs);
  std::ofstream(output_ / "a.json") << "{";
  const BatchReport report = run(jobs);
  EXPECT_EQ(report.done, 1U);
  EXPECT_EQ(report.already_done, 2U);
}

TEST_F(Archive, SaysThatASlideHasResultsUnderSeveralNames) {
  write_slide(archive_ / "sub/a.tif", {300, 200}, 0.5, [](auto, auto) { return kPaint[1]; });
  write_slide(archive_ / "b it's.tif", {300, 200}, 0.5, [](auto, auto) { return kPaint[2]; });
  testing::HeardLines heard;
  const auto segment = [&](const JobList& jobs) {
    IdentitySegmenter network(8, 0.5);
    heard.warnings.clear();
    run_here(jobs, output_, network, {.tissue = "none"}, {"model", "m1", "c1"}, {}, {heard, kNever});
    return ::testing::PrintToString(heard.warnings);
  };
  EXPECT_EQ(segment(find_slides(archive_, output_, kNever).jobs), "{}");
  std::filesystem::create_hard_link(archive_ / "b it's.tif", folder_ / "other name.tif");
  EXPECT_THAT(segment(find_slides(folder_ / "other name.tif", output_, kNever).jobs),
              HasSubstr("1 slide has results under several names in " + output_.string() + " (b it's, other name): "));
  EXPECT_THAT(segment(find_slides(archive_ / "sub", output_, kNever).jobs), HasSubstr("2 slides have results under several names"))
      << "sub/a by the name a, which replaces the results of a, and as sub/a";
}

}  // namespace
}  // namespace wsi_lpd::pipeline::archive
