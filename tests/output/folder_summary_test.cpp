#include "wsi_lpd/output/folder_summary.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "output/results.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/output/failures.hpp"
#include "wsi_lpd/output/result_folder.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/output/summary.hpp"

namespace wsi_lpd::output {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SummaryOfFolder : public ::testing::Test {
 protected:
  /// Complete results of a slide, as a run leaves them.
  fs::path add(int number, std::int64_t tiles = 7) {
    SlideStatistics statistics = testing::some_statistics();
    statistics.slide = slide(number);
    statistics.tiles_read = tiles;
    const fs::path stem = folder_ / ("slide" + std::to_string(number));
    write_statistics(fs::path(stem) += ".json", statistics);
    return stem;
  }
  static std::string slide(int number) { return "archive/slide" + std::to_string(number) + ".svs"; }
  std::string file() const { return core::read_text_file(folder_ / "summary.csv"); }
  /// What all of the folder, read anew, comes to.
  std::string anew() const {
    const auto failures = recorded_failures(folder_.path());
    std::vector<SlideStatistics> all;
    for (CompleteResult& result : read_results(folder_.path()).complete) {
      if (!failures.contains(result.statistics.slide)) all.push_back(std::move(result.statistics));
    }
    return summary_text(all, failures);
  }

  /// Its lines, sorted.
  std::vector<std::string> lines() const { return lines_of(file()); }
  static std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    std::ranges::sort(lines);
    return lines;
  }

  testing::TemporaryFolder folder_;
};

TEST_F(SummaryOfFolder, AppendsLinesAndSortsThemInTheEnd) {
  for (int i = 0; i < 5; ++i) add(1000 + i);
  FolderSummary summary(folder_.path());
  summary.done(slide(0), add(0));
  EXPECT_EQ(file(), anew());
  const auto before = fs::status(folder_ / "summary.csv");
  std::string text = file();
  for (int i = 20; i > 0; --i) {
    if (i % 3 == 0) {
      summary.failed(slide(100 + i), "is, broken");
    } else {
      summary.done(slide(i), add(i));
    }
    EXPECT_EQ(lines(), lines_of(anew())) << i;
    EXPECT_TRUE(file().starts_with(text)) << "appended";
    text = file();
  }
  EXPECT_NE(file(), anew());
  summary.settle();
  EXPECT_EQ(file(), anew());
  EXPECT_EQ(before.permissions(), fs::status(folder_ / "summary.csv").permissions());
}

TEST_F(SummaryOfFolder, OtherClassesNeedOtherColumns) {
  FolderSummary summary(folder_.path());
  summary.done(slide(1), add(1));
  SlideStatistics other = testing::some_statistics();
  other.slide = slide(2);
  other.classes.names[0] = "FAT";
  write_statistics(folder_ / "slide2.json", other);
  summary.done(slide(2), folder_ / "slide2");
  summary.settle();
  EXPECT_EQ(file(), anew());
  EXPECT_THAT(file(), HasSubstr("FAT_mm2"));
}

TEST_F(SummaryOfFolder, SeesWhatOtherProcessesDo) {
  FolderSummary mine(folder_.path()), others(folder_.path());
  mine.done(slide(1), add(1));
  others.done(slide(2), add(2));
  others.failed(slide(3), "theirs");
  mine.done(slide(4), add(4));
  EXPECT_EQ(lines(), lines_of(anew()));
  EXPECT_THAT(file(), AllOf(HasSubstr("slide2.svs"), HasSubstr("theirs"), HasSubstr("slide4.svs")));
  add(2, 12345);  // made again, in another process, without a word in the summary
  fs::remove(folder_ / "slide1.json");
  mine.settle();
  EXPECT_EQ(file(), anew());
  EXPECT_THAT(file(), AllOf(HasSubstr("12345"), Not(HasSubstr("slide1.svs"))));
}

TEST_F(SummaryOfFolder, HasOneLineOfASlideThatOtherProcessesDidBefore) {
  FolderSummary mine(folder_.path()), others(folder_.path());
  const auto all_once = [&](int from, int to) {
    for (int i = from; i < to; ++i) (i % 3 == 0 ? mine : others).done(slide(i), add(i));
    for (int i = from; i < to; ++i) (i % 3 == 0 ? others : mine).done(slide(i), add(i));
    EXPECT_EQ(lines(), lines_of(anew()));
  };
  all_once(1, 20);
  others.settle();  // the file is another now
  all_once(20, 40);
}

TEST_F(SummaryOfFolder, ASlideIsDoneOrHasFailed) {
  FolderSummary summary(folder_.path());
  const fs::path stem = add(1);
  summary.failed(slide(1), "is broken");
  EXPECT_TRUE(recorded_failures(folder_.path()).contains(slide(1)));
  summary.settle();
  EXPECT_THAT(file(), AllOf(HasSubstr("failed,is broken"), Not(HasSubstr("complete"))));
  summary.done(slide(1), stem);
  summary.settle();
  EXPECT_THAT(file(), AllOf(HasSubstr("slide1.svs,complete"), Not(HasSubstr("failed"))));
  EXPECT_TRUE(recorded_failures(folder_.path()).empty());
}

}  // namespace
}  // namespace wsi_lpd::output
