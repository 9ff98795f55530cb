#include "wsi_lpd/output/result_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "output/results.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/output/report.hpp"
#include "wsi_lpd/output/statistics_file.hpp"

namespace wsi_lpd::output {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A slide that looks complete: statistics, and files where its data are.
void add(const fs::path& stem, const std::string& statistics, const char* raster = ".tif") {
  core::write_text_file(fs::path(stem) += raster, "raster", core::Durable::No);
  core::write_text_file(fs::path(stem) += ".h5", "tiles", core::Durable::No);
  core::write_text_file(fs::path(stem) += ".json", statistics, core::Durable::No);
}

std::string statistics_text() {
  const testing::TemporaryFolder folder;
  write_statistics(folder / "slide.json", testing::some_statistics());
  return core::read_text_file(folder / "slide.json");
}

TEST(ResultFolder, SurvivesAnyEditOfTheStatistics) {
  const Json whole = Json::parse(statistics_text());
  const std::vector<Json> values{nullptr, "7",           "<script>\n\x1b[31m", -1, 0.5, 1e308, INT64_MAX, UINT64_MAX,
                                 true,    Json::array(), Json::object()};
  const testing::TemporaryFolder folder;
  std::vector<std::string> pointers;
  const Json leaves = whole.flatten();
  for (const auto& [pointer, value] : leaves.items()) {
    // the key itself, and every object or list on the way to it
    for (Json::json_pointer at(pointer); !at.empty(); at.pop_back()) pointers.push_back(at.to_string());
  }
  std::sort(pointers.begin(), pointers.end());
  pointers.erase(std::unique(pointers.begin(), pointers.end()), pointers.end());
  std::size_t edits = 0;
  for (const std::string& pointer : pointers) {
    const Json::json_pointer at(pointer);
    Json edited = whole;
    if (edited.at(at.parent_pointer()).is_object()) {
      edited.at(at.parent_pointer()).erase(at.back());
      add(folder / ("slide" + std::to_string(edits++)), edited.dump());
    }
    for (const Json& value : values) {
      edited = whole;
      edited[at] = value;
      add(folder / ("slide" + std::to_string(edits++)), edited.dump());
    }
  }
  EXPECT_GT(edits, 1000U);
  const ResultFolder results = read_results(folder.path());
  EXPECT_EQ(results.complete.size() + results.damaged.size(), edits);
  EXPECT_GT(results.damaged.size(), edits / 3);
  for (const DamagedFile& file : results.damaged) EXPECT_THAT(file.reason, HasSubstr(file.file.string()));
  for (const CompleteResult& result : results.complete) {
    const SlideStatistics& s = result.statistics;
    EXPECT_GE(s.tissue_pixels, 0);
    EXPECT_LE(s.tissue_pixels, s.frame.size.area());
    EXPECT_LE(s.frame.size.width, INT32_MAX);
  }
  std::vector<ReportSlide> slides(results.complete.size());
  for (std::size_t i = 0; i < slides.size(); ++i) slides[i].id = report_id(results.complete[i].stem, results.path);
  write_report_pages(folder / "report", results, slides, {}, "now");
  EXPECT_GT(fs::file_size(folder / "report/index.html"), 1000U);
}

TEST(ResultFolder, NamesTheKeyThatIsWrong) {
  const testing::TemporaryFolder folder;
  const auto reason_of = [&](const std::string& pointer, const Json& value) {
    Json edited = Json::parse(statistics_text());
    edited[Json::json_pointer(pointer)] = value;
    add(folder / "slide", edited.dump());
    const ResultFolder results = read_results(folder.path());
    return results.damaged.empty() ? std::string() : results.damaged[0].reason;
  };
  EXPECT_EQ(reason_of("/crf", false), "");
  EXPECT_THAT(reason_of("/tissue/pixels", "7"), HasSubstr("'pixels' is \"7\" and no whole number"));
  EXPECT_THAT(reason_of("/tiles/read", 0.5), HasSubstr("'read' is 0.5 and no whole number"));
  EXPECT_THAT(reason_of("/mpp", "0.25"), HasSubstr("(/mpp) type must be number"));
  EXPECT_THAT(reason_of("/classes/1/name", 3), HasSubstr("(/classes/1/name) type must be string"));
  EXPECT_THAT(reason_of("/seconds/total", -1), HasSubstr("times"));
  EXPECT_THAT(reason_of("/format", "another"), HasSubstr("not a statistics file of this program"));
  EXPECT_THAT(reason_of("/version", 2), HasSubstr("its version is 2, and 1 is known"));
}

TEST(ResultFolder, KnowsRastersByBothNames) {
  const testing::TemporaryFolder folder;
  add(folder / "plain", statistics_text());
  add(folder / "nested", statistics_text(), kOmeLabels);
  add(folder / "a.ome", statistics_text());
  EXPECT_EQ(label_pyramid(folder / "plain"), folder / "plain.tif");
  EXPECT_EQ(label_pyramid(folder / "nested"), folder / "nested.ome.tif");
  EXPECT_EQ(label_pyramid(folder / "absent"), folder / "absent.tif");
  ResultFolder results = read_results(folder.path());
  EXPECT_EQ(results.complete.size(), 3U);
  EXPECT_THAT(results.unfinished, IsEmpty());

  // without statistics: unfinished, under the slide's own name
  fs::remove(folder / "nested.json");
  core::write_text_file(folder / "nested.probabilities.ome.tif", "x");
  core::write_text_file(folder / "nested.ome.tif.node-12-0123abcd.part", "x");
  core::write_text_file(folder / "plain.probabilities.ome.tif.node-12-0123abcd.part", "x");
  fs::create_directories(folder / ".plain.node-12-0123abce.part");
  core::write_text_file(folder / ".plain.node-12-0123abce.part/plain.json", statistics_text());
  results = read_results(folder.path());
  EXPECT_EQ(results.complete.size(), 2U) << "what is in a part is none";
  ASSERT_EQ(results.unfinished.size(), 2U);
  EXPECT_EQ(results.unfinished[0].stem, folder / "nested");
  EXPECT_THAT(results.unfinished[0].files, ElementsAre("nested.h5", "nested.ome.tif", "nested.ome.tif.node-12-0123abcd.part"));
  EXPECT_EQ(results.unfinished[1].stem, folder / "plain");
  EXPECT_THAT(results.unfinished[1].files,
              ElementsAre(".plain.node-12-0123abce.part", "plain.probabilities.ome.tif.node-12-0123abcd.part"));
  remove_unfinished(folder / "plain");
  remove_unfinished(folder / "nested");
  results = read_results(folder.path());
  ASSERT_EQ(results.unfinished.size(), 1U);
  EXPECT_THAT(results.unfinished[0].files, ElementsAre("nested.h5", "nested.ome.tif"));
}

TEST(ResultFolder, TellsSlidesInWorkFromThoseOfProcessesThatAreGone) {
  const testing::TemporaryFolder folder;
  const auto lock = core::WorkLock::try_to_take(lock_path(folder / "alive")).lock;
  add(folder / "alive", statistics_text());  // of an earlier run
  fs::create_directories(folder / ".alive.node-12-0123abcd.part");
  std::string text = core::read_text_file(folder / "alive.lock");
  const std::size_t start = text.find("start ") + 6;
  core::write_text_file(folder / "dead.lock", text.replace(start, text.find('\n', start) - start, "1"));
  core::write_text_file(folder / "yarn.lock", "of another program");
  const ResultFolder results = read_results(folder.path());
  ASSERT_EQ(results.in_work.size(), 1U);
  EXPECT_EQ(results.in_work[0].stem, folder / "alive");
  EXPECT_EQ(results.in_work[0].owner.pid, getpid());
  EXPECT_EQ(results.complete.size(), 1U);
  ASSERT_EQ(results.unfinished.size(), 1U);
  EXPECT_EQ(results.unfinished[0].stem, folder / "dead");
  EXPECT_THAT(results.damaged, IsEmpty());
}

}  // namespace
}  // namespace wsi_lpd::output
