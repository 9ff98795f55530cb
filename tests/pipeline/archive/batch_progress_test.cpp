#include "batch_progress.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "test_data.hpp"

namespace wsi_lpd::pipeline::archive {
namespace {

TEST(WorkEstimate, CountsTissueAndTakesBytesForWhatIsNotYetOpened) {
  WorkEstimate work({1000, 3000, 500, 500});
  EXPECT_EQ(work.state(10).share, 0);
  EXPECT_FALSE(work.state(10).seconds_left);
  work.plan(0, 100);  // a tile for 10 bytes: 400 more are to be expected
  EXPECT_FALSE(work.state(10).seconds_left) << "no tile is done";
  work.advance(0, 50);
  EXPECT_DOUBLE_EQ(work.state(10).share, 50.0 / 500);
  EXPECT_DOUBLE_EQ(*work.state(10).seconds_left, 90);  // 450 tiles at 5 a second
  work.advance(0, 100);
  work.end(0);
  work.plan(1, 60);  // much glass: 160 tiles for 4000 bytes, so 40 in the last two
  work.advance(1, 20);
  EXPECT_DOUBLE_EQ(work.state(24).share, 120.0 / 200);
  EXPECT_DOUBLE_EQ(*work.state(24).seconds_left, 16);
  work.end(2);  // done already, or in work elsewhere
  EXPECT_DOUBLE_EQ(work.state(24).share, 120.0 / 180);
  work.advance(1, 60);
  work.end(1);
  work.plan(3, 90);
  work.advance(3, 30);
  work.end(3);  // failed
  EXPECT_DOUBLE_EQ(work.state(24).share, 1);
  EXPECT_DOUBLE_EQ(*work.state(24).seconds_left, 0);
}

TEST(WorkEstimate, IsNotMisledByAFileThatWasCutOff) {
  WorkEstimate work({10, 1000, 1000});
  work.plan(0, 500);
  work.advance(0, 20);
  work.end(0);  // too many tiles cannot be decoded
  EXPECT_FALSE(work.state(1).seconds_left);
  work.plan(1, 100);
  work.advance(1, 80);
  EXPECT_DOUBLE_EQ(work.state(1).share, 100.0 / 220);
}

TEST(WorkEstimate, OfASlideThatWasLeftToAnotherProcessCountsWhenItIsTakenUp) {
  WorkEstimate work({100, 100});
  work.end(0);
  work.plan(1, 10);
  work.advance(1, 10);
  work.end(1);
  EXPECT_DOUBLE_EQ(work.state(1).share, 1);
  EXPECT_EQ(work.ended(), 2U);
  work.start(0);
  EXPECT_EQ(work.ended(), 1U);
  work.plan(0, 30);
  EXPECT_DOUBLE_EQ(work.state(1).share, 0.25);
}

TEST(WorkEstimate, AddsTheTilesOfASecondLook) {
  WorkEstimate work({100});
  work.plan(0, 60);
  work.advance(0, 60);
  work.plan(0, 20);
  EXPECT_DOUBLE_EQ(work.state(6).share, 0.75);
  work.advance(0, 10);
  EXPECT_DOUBLE_EQ(work.state(7).share, 70.0 / 80);
  EXPECT_DOUBLE_EQ(*work.state(7).seconds_left, 1);
}

TEST(SlideBytes, CountTheFolderOfAnIndex) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "a.svs") << "12345";
  std::ofstream(folder / "b.mrxs") << "12";
  for (const char* name : {"a", "b"}) {
    std::filesystem::create_directories(folder / name);
    std::ofstream(folder.path() / name / "Data0001.dat") << "1234567890";
  }
  EXPECT_EQ(slide_bytes(folder / "a.svs"), 5);
  EXPECT_EQ(slide_bytes(folder / "b.mrxs"), 12);
  EXPECT_EQ(slide_bytes(folder / "absent.svs"), 0);
}

/// What a terminal is told.
struct Told : core::SilentObserver {
  void begin(const std::string& what, std::int64_t total, const std::string&) override {
    stages_.push_back(what + " " + std::to_string(total));
  }
  void advance(std::int64_t done, const std::string&) override { done_ = done; }
  void overall(const std::string& at, double share, std::optional<double> left) override {
    at_ = at, share_ = share, knows_time_ = left.has_value();
  }
  void info(const std::string& line) override { lines_.push_back(line); }
  std::vector<std::string> stages_, lines_;
  std::int64_t done_ = -1;
  std::string at_ = "?";
  double share_ = -1;
  bool knows_time_ = false;
};

TEST(BatchProgress, TellsWhereInTheBatchASlideIs) {
  Told told;
  {
    BatchProgress progress(told, {100, 300});
    SlideObserver& slide = progress.start(0, "a.svs");
    slide.taken();
    EXPECT_EQ(told.at_, "slide 1 of 2");
    EXPECT_THAT(told.lines_, ::testing::ElementsAre("slide 1 of 2: a.svs"));
    slide.begin("finding tissue", 0, "");
    slide.begin("segmenting", 10, "tiles");
    slide.advance(4, {});
    EXPECT_DOUBLE_EQ(told.share_, 0.1);
    EXPECT_TRUE(told.knows_time_);
    slide.begin("writing results", 7, "files");
    slide.advance(6, {});
    EXPECT_DOUBLE_EQ(told.share_, 0.1) << "other stages count no tiles";
  }
  EXPECT_EQ(told.at_, "");
}

TEST(BatchProgress, ShowsTheStageOfTheFirstOfSeveralSlides) {
  Told told;
  BatchProgress progress(told, {100, 100, 100});
  SlideObserver& first = progress.start(2, "c");
  SlideObserver& second = progress.start(0, "a");
  first.taken();
  second.taken();
  EXPECT_THAT(told.lines_, ::testing::ElementsAre("slide 1 of 3: c", "slide 2 of 3: a"));
  first.begin("segmenting", 10, "tiles");
  second.begin("segmenting", 30, "tiles");
  first.advance(5, {});
  second.advance(25, {});
  EXPECT_THAT(told.stages_, ::testing::ElementsAre("segmenting 10"));
  EXPECT_EQ(told.done_, 5);
  EXPECT_DOUBLE_EQ(told.share_, 30.0 / 60) << "the third is expected to have as many as these two on average";
  progress.leave(2);
  second.advance(26, {});
  EXPECT_THAT(told.stages_, ::testing::ElementsAre("segmenting 10", "segmenting 0")) << "its rate since then is unknown";
  second.begin("writing results", 7, "files");
  EXPECT_EQ(told.stages_.back(), "writing results 7");
  second.end();
  progress.leave(0);
  progress.start(1, "b").taken();
  EXPECT_EQ(told.lines_.back(), "slide 3 of 3: b");
}

}  // namespace
}  // namespace wsi_lpd::pipeline::archive
