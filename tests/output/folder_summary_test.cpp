#include "wsi_lpd/output/folder_summary.hpp"

#include <gmock/gmock.h>

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

  testing::TemporaryFolder folder_;
};

TEST_F(SummaryOfFolder, ReadsEachFileOnceInARun) {
  constexpr int kBefore = 5, kDone = 20, kFailed = 10;
  for (int i = 0; i < kBefore; ++i) add(1000 + i);
  FolderSummary summary(folder_.path());
  for (int i = 0; i < kDone; ++i) {
    summary.done(slide(i), add(i));
    summary.write();
    EXPECT_EQ(file(), anew()) << i;
  }
  for (int i = 0; i < kFailed; ++i) {
    summary.failed(slide(100 + i), "is broken");
    summary.write();
    EXPECT_EQ(file(), anew()) << i;
  }
  summary.settle();
  EXPECT_EQ(file(), anew());
  EXPECT_EQ(summary.files_read(), static_cast<std::size_t>(kBefore + kDone + kFailed));
}

TEST_F(SummaryOfFolder, SeesWhatOtherProcessesDo) {
  FolderSummary mine(folder_.path()), others(folder_.path());
  mine.done(slide(1), add(1));
  mine.write();
  others.done(slide(2), add(2));
  others.failed(slide(3), "theirs");
  others.write();
  mine.done(slide(4), add(4));
  mine.write();
  EXPECT_EQ(file(), anew());
  EXPECT_THAT(file(), AllOf(HasSubstr("slide2.svs"), HasSubstr("theirs"), HasSubstr("slide4.svs")));
  add(2, 12345);  // made again, in another process, without a word in the summary
  fs::remove(folder_ / "slide1.json");
  mine.settle();
  EXPECT_EQ(file(), anew());
  EXPECT_THAT(file(), AllOf(HasSubstr("12345"), Not(HasSubstr("slide1.svs"))));
}

TEST_F(SummaryOfFolder, ASlideIsDoneOrHasFailed) {
  FolderSummary summary(folder_.path());
  const fs::path stem = add(1);
  summary.failed(slide(1), "is broken");
  summary.write();
  EXPECT_THAT(file(), AllOf(HasSubstr("failed,is broken"), Not(HasSubstr("complete"))));
  summary.done(slide(1), stem);
  summary.write();
  EXPECT_THAT(file(), AllOf(HasSubstr("slide1.svs,complete"), Not(HasSubstr("failed"))));
  EXPECT_TRUE(recorded_failures(folder_.path()).empty());
}

}  // namespace
}  // namespace wsi_lpd::output
