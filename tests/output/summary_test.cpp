#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "output/results.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/output/summary.hpp"

namespace wsi_lpd::output {
namespace {

using ::testing::HasSubstr;
using testing::some_statistics;
using ::testing::StartsWith;
using testing::TemporaryFolder;

TEST(Summary, QuotesAndLeavesOutWhatIsUnknown) {
  const TemporaryFolder folder;
  SlideStatistics other;
  other.slide = "b.svs";
  other.classes = {{"a,b"}, "background", {{1, 2, 3}, {255, 255, 255}}};
  other.per_class = {{5, 1, 5}};
  write_summary(folder / "summary.csv", {some_statistics(), other}, {{"c.svs", "reading c.svs: \"no\" level\nat all"}});
  const std::string text = core::read_text_file(folder / "summary.csv");
  EXPECT_THAT(text, StartsWith("slide,status,reason,mpp,"));
  EXPECT_THAT(text, HasSubstr(",tiles_read,tiles_skipped,tiles_passed_over,tiles_unreadable,"));
  EXPECT_THAT(text,
              HasSubstr(",NEC_largest_region_mm2,NEC_share_of_classes,NEC_share_of_classes_low,NEC_share_of_classes_high,\"a,b_mm2\","));
  EXPECT_THAT(text, HasSubstr(",\"a,b_share_of_classes_high\",TUM_STR_interface_mm,TUM_LYM_interface_mm,TUM_NEC_interface_mm,"
                              "STR_LYM_interface_mm,STR_NEC_interface_mm,LYM_NEC_interface_mm\n"));
  EXPECT_THAT(text,
              HasSubstr("\n\"archive/\"\"odd\"\", name\nof a "
                        "slide.svs\",complete,,0.5,2000000,0.5,0.345,0.005,2,0.2,0.625,49,10,0,1,0.5625,0.125,0.25,0.025,3.0000001,"
                        "123456789012,abc123,def456,0.2,0.4,12,0.125,0.615384615,0.5,0.75,0.1,0.2,3,0.09975,0.307692308,,,0.025,0.05,40,0."
                        "00225,0.0769230769,,,0,0,0,0,0,,,"
                        ",,,,,,,2.00025,0.005,0,1,0,0\n"));
  EXPECT_THAT(text, HasSubstr("\nb.svs,complete,,,0,,,,,,,0,0,0,0,,,,,,0,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,1,,1,,,,,,,,\n"));
  EXPECT_THAT(text, HasSubstr("\nc.svs,failed,\"reading c.svs: \"\"no\"\" level\nat all\",,,"));
}

TEST(Summary, OfNoSlidesHasItsHeader) {
  const TemporaryFolder folder;
  write_summary(folder / "summary.csv", {});
  const std::string text = core::read_text_file(folder / "summary.csv");
  EXPECT_THAT(text, StartsWith("slide,status,"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(Summary, ItsFailuresCanBeRead) {
  const TemporaryFolder folder;
  const std::map<std::string, std::string> failures{{"b.svs", "no level"}, {"c.svs", "a \"quoted\" reason\nin two lines"}};
  write_summary(folder / "summary.csv", {some_statistics()}, failures);
  EXPECT_EQ(read_failures(folder / "summary.csv"), failures);
  EXPECT_TRUE(read_failures(folder / "absent.csv").empty());
  core::write_text_file(folder / "other.csv", "slide,reason\na.svs,none\n");
  try {
    read_failures(folder / "other.csv");
    FAIL() << "a table without the column 'status' is no summary";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("names no column 'status'"));
  }
}

}  // namespace
}  // namespace wsi_lpd::output
