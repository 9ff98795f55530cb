#include "slide/test_dicom.hpp"

#include <gmock/gmock.h>

#include "pipeline/identity_segmenter.hpp"
#include "pipeline/run.hpp"
#include "slide/position_slide.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/pipeline/archive/find_slides.hpp"
#include "wsi_lpd/pipeline/segment/segment.hpp"
#include "wsi_lpd/slide/open.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using ::testing::HasSubstr;

class Dicom : public ::testing::Test {
 protected:
  void SetUp() override {
    if (slide::library_version().starts_with("OpenSlide 3.")) GTEST_SKIP() << slide::library_version() << " reads no DICOM";
  }
  /// Labels of the slide, row by row.
  std::vector<std::uint8_t> labels(const std::filesystem::path& slide, const std::string& name) {
    testing::IdentitySegmenter network(8, 1.0);
    core::SilentObserver observer;
    segment_slide({slide, folder_ / "results" / name, {}}, network, {.tissue = "none"}, {"m", "1", "2"}, {observer, kNever});
    const auto reader = image::LabelReader::open(folder_ / "results" / (name + ".tif"));
    std::vector<std::uint8_t> all(static_cast<std::size_t>(reader->size().width * reader->size().height));
    for (std::int64_t y = 0; y < reader->size().height; ++y) reader->next_row(all.data() + y * reader->size().width);
    return all;
  }

  testing::TemporaryFolder folder_;
};

TEST_F(Dicom, GivesTheMaskOfTheSameSlideAsTiff) {
  core::Image picture(1283, 722, 3);
  for (std::int64_t y = 0; y < picture.height(); ++y) {
    for (std::int64_t x = 0; x < picture.width(); ++x) {
      const core::Colour& paint = testing::kPaint[static_cast<std::size_t>((x / 190 + y / 150) % 3)];
      std::uint8_t* pixel = picture.at(x, y);
      pixel[0] = paint.red, pixel[1] = paint.green, pixel[2] = paint.blue;
    }
  }
  image::PyramidOptions options;
  options.mpp = 0.5;
  options.tile = 256;
  testing::write_slide(folder_ / "slide.tif", picture, options);
  testing::write_dicom(folder_ / "slide.dcm", picture, 0.5);
  const std::vector<std::uint8_t> of_tiff = labels(folder_ / "slide.tif", "a"), of_dicom = labels(folder_ / "slide.dcm", "b");
  ASSERT_FALSE(of_tiff.empty());
  EXPECT_EQ(of_dicom, of_tiff);
  EXPECT_NE(std::ranges::count(of_tiff, 2), 0);
}

TEST_F(Dicom, FilesOfASeriesAreOneSlideOfAnArchive) {
  std::filesystem::create_directory(folder_ / "archive");
  for (const char* series : {"1.2.3", "1.2.4"}) {
    testing::write_dicom(folder_ / "archive" / (std::string(series) + "-a.dcm"), testing::position_picture({600, 300}), 0.5, 256, series);
    testing::write_dicom(folder_ / "archive" / (std::string(series) + "-b.dcm"), testing::position_picture({150, 75}), 2, 256, series,
                         false);
  }
  const archive::FoundSlides found = archive::find_slides((folder_ / "archive").string(), folder_ / "out", kNever);
  ASSERT_EQ(found.jobs.size(), 2U);
  EXPECT_EQ(found.jobs[0].slide.filename(), "1.2.3-a.dcm");
  EXPECT_EQ(found.jobs[1].slide.filename(), "1.2.4-a.dcm");
  EXPECT_THAT(found.notes, ::testing::ElementsAre(HasSubstr("1.2.3-a.dcm and 1 other file in its folder are one DICOM series"),
                                                  HasSubstr("1.2.4-a.dcm and 1 other file")));

  // An anonymiser may give two slides the same number.
  std::filesystem::create_directory(folder_ / "archive" / "case2");
  testing::write_dicom(folder_ / "archive" / "case2" / "other.dcm", testing::position_picture({600, 300}), 0.5, 256, "1.2.3");
  EXPECT_EQ(archive::find_slides((folder_ / "archive").string(), folder_ / "out", kNever).jobs.size(), 3U);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
