#include "wsi_lpd/pipeline/review/report.hpp"

#include <sys/wait.h>

#include <fstream>

#include "output/results.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/file_identity.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/raster_writer.hpp"
#include "wsi_lpd/output/overlay.hpp"
#include "wsi_lpd/output/result_folder.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

/// Results of a slide that is there: 1300 x 900 px, its left half class 1, the rest class 2.
void add_slide(const fs::path& stem, const fs::path& slide, const std::vector<std::string>& classes) {
  fs::create_directories(stem.parent_path());
  const core::Size size{1300, 900};
  image::PyramidOptions options;
  options.compression = image::PyramidOptions::Compression::Jpeg;
  options.mpp = 0.5;
  image::RasterWriter picture(slide, size, 3, options);
  picture.add_rows(std::vector<std::uint8_t>(1300 * 900 * 3, 200).data(), size.height);
  picture.finish();
  output::SlideStatistics s = testing::some_statistics();
  s.slide = slide.string();
  s.slide_fingerprint = core::FileIdentity(slide).fingerprint();
  s.frame = core::make_frame({0, 0, size.width, size.height}, 0.5, 0.5);
  s.classes.names = classes;
  s.per_class = {{585'000, 1, 585'000}, {585'000, 1, 585'000}, {}, {}};
  s.tissue_pixels = 1'170'000;
  s.unlabelled_pixels = s.unreadable_pixels = 0;
  core::Image labels(size.width, size.height, 1, 2);
  for (std::int64_t y = 0; y < size.height; ++y) std::fill_n(labels.at(0, y), 650, std::uint8_t{1});
  image::PyramidOptions raster_options;
  raster_options.reduction = image::PyramidOptions::Reduction::Mode;
  raster_options.palette = output::result_palette(s.classes);
  image::RasterWriter raster(fs::path(stem) += ".tif", size, 1, raster_options);
  raster.add_rows(labels.data(), size.height);
  raster.finish();
  image::write_jpeg(fs::path(stem) += ".overlay.jpg", core::Image(400, 300, 3, 90));
  output::write_statistics(fs::path(stem) += ".json", s);
}

/// Names that want to be markup, code, or another path; slides of one name in two folders; a failed, an unfinished and a damaged one.
class Report : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::vector<std::string> classes{"<script>alert(1)</script>", "\"quoted\" & 'a/b'", "肿瘤", "</script>"};
    add_slide(out() / "one/a b'c", folder_ / "a b'c.svs", classes);
    add_slide(out() / "two/a b'c", folder_ / "other.svs", {"TUM", "STR", "LYM", "NEC"});
    core::write_text_file(out() / "summary.csv", "slide,status,reason\n\"x<b>,\"\"y\"\".svs\",failed,\"two\nlines <img>\"\n");
    core::write_text_file(out() / "late.h5.part", "x");
    core::write_text_file(out() / "old.json", "{\"format\": \"wsi-lpd slide statistics\", \"version\": 99}");
    core::write_text_file(out() / "foreign.json", "{}");
  }
  fs::path out() const { return folder_ / "out"; }
  ReportSummary write(ReportOptions options = {}) const {
    core::SilentObserver observer;
    const core::CancelFlag never{false};
    return write_report(out(), options, {observer, never});
  }
  testing::TemporaryFolder folder_;
};

TEST_F(Report, NamesSlidesInWorkAndFilesThatChanged) {
  const auto lock = core::WorkLock::try_to_take(output::lock_path(out() / "next <slide>")).lock;
  const std::string index = core::read_text_file(write({}).index);
  EXPECT_THAT(index, HasSubstr("c.h5 is gone"));  // the statistics of these results record 5 and 6 bytes
  EXPECT_THAT(index, HasSubstr(" bytes instead of 6"));
  EXPECT_THAT(index, HasSubstr("1 in work"));
  EXPECT_THAT(index, HasSubstr("next &lt;slide&gt;"));
  EXPECT_THAT(index, HasSubstr(lock ? core::host_name() + " pid " + std::to_string(getpid()) : "a lock"));

  const auto other = core::WorkLock::try_to_take(out() / "report/.lock").lock;
  EXPECT_THROW(write({}), core::UsageError) << "another process makes the report";
  EXPECT_EQ(core::read_text_file(out() / "report/index.html"), index);
}

TEST_F(Report, EscapesWhatFilesSay) {
  const ReportSummary summary = write({.deep_zoom = true});
  EXPECT_EQ(summary.slides, 2U);
  EXPECT_EQ(summary.views, 2U);
  const std::string index = core::read_text_file(summary.index);
  EXPECT_THAT(index, HasSubstr("x&lt;b&gt;,&quot;y&quot;.svs"));
  EXPECT_THAT(index, HasSubstr("two lines &lt;img&gt;"));
  EXPECT_THAT(index, HasSubstr("its version is 99"));
  EXPECT_THAT(index, HasSubstr("late.h5.part"));
  EXPECT_THAT(index, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(index, Not(HasSubstr("foreign.json")));
  EXPECT_THAT(index, HasSubstr("come from 2 models or sets of classes"));
  for (const auto& entry : fs::directory_iterator(out() / "report/slides")) {
    const std::string page = core::read_text_file(entry.path());
    EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
    EXPECT_THAT(page, HasSubstr("/a%20b%27c.tif\""));
  }
}

TEST_F(Report, KeepsTilesOfTheSameFilesAndSaysWhyThereAreNone) {
  write({.deep_zoom = true});
  EXPECT_EQ(write().views, 2U) << "tiles are used again without the option";
  fs::remove(folder_ / "other.svs");
  EXPECT_EQ(write({.deep_zoom = true}).views, 2U) << "tiles outlive their slide";
  fs::remove_all(out() / "report");
  const ReportSummary summary = write({.deep_zoom = true});
  EXPECT_EQ(summary.views, 1U);
  EXPECT_EQ(summary.without_slide, 1U);
  std::string pages;
  for (const auto& entry : fs::directory_iterator(out() / "report/slides")) pages += core::read_text_file(entry.path());
  EXPECT_THAT(pages, HasSubstr("the slide is no longer at"));
  for (const auto& entry : fs::recursive_directory_iterator(out() / "report")) EXPECT_NE(entry.path().extension(), ".part") << entry.path();
}

TEST_F(Report, TouchesOnlyAReport) {
  fs::create_directories(folder_ / "mine");
  core::write_text_file(folder_ / "mine/notes.txt", "mine");
  EXPECT_THROW(write({.output = folder_ / "mine"}), core::UsageError);
  EXPECT_THROW(write({.output = out()}), core::UsageError);
  EXPECT_EQ(core::read_text_file(folder_ / "mine/notes.txt"), "mine");
}

TEST_F(Report, WorksInABrowser) {
  if (std::system("command -v chromium python3 >/dev/null") != 0) GTEST_SKIP() << "no Chromium here (scripts/setup --tests)";
  write({.deep_zoom = true});
  const std::string command = "timeout 120 python3 '" WSI_LPD_SOURCE_DIR "/tests/report/browse.py' '" + (out() / "report").string() + "'";
  const int status = std::system(command.c_str());
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::review
