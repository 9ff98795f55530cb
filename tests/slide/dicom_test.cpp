// DICOM slides, which OpenSlide 4 reads.
#include <gmock/gmock.h>

#include "slide/position_slide.hpp"
#include "slide/test_dicom.hpp"
#include "test_data.hpp"
#include "wsi_lpd/slide/archive_file.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::slide {
namespace {

using ::testing::HasSubstr;

class Dicom : public ::testing::Test {
 protected:
  void SetUp() override {
    if (library_version().starts_with("OpenSlide 3.")) GTEST_SKIP() << library_version() << " reads no DICOM";
    testing::write_dicom(folder_ / "1.dcm", picture_, 0.5);
    testing::write_dicom(folder_ / "2.dcm", quarter_, 2, 256, "1.2.3", false);
  }

  testing::TemporaryFolder folder_;
  const core::Image picture_ = testing::position_picture({900, 600});
  const core::Image quarter_ = testing::position_picture({225, 150});  // of other pixels, so that the levels can be told apart
};

TEST_F(Dicom, LevelsAreReadByAnyFileOfTheSeries) {
  for (const char* file : {"1.dcm", "2.dcm"}) {
    const auto reader = open(folder_ / file);
    const Properties& properties = reader->properties();
    EXPECT_EQ(properties.vendor, "dicom");
    EXPECT_NEAR(properties.mpp.value_or(0), 0.5, 1e-6);
    ASSERT_EQ(properties.levels.size(), 2U);
    for (std::size_t level = 0; level < 2; ++level) {
      const core::Image& picture = level == 0 ? picture_ : quarter_;
      EXPECT_EQ(properties.levels[level].size, (core::Size{picture.width(), picture.height()}));
      const core::Rect region{-10, 40, 400, 120};  // over tiles, and past two edges of the small level
      core::Image pixels(region.width, region.height, 3);
      reader->read(static_cast<int>(level), region, pixels.view());
      for (std::int64_t y = 0; y < region.height; ++y) {
        for (std::int64_t x = 0; x < region.width; ++x) {
          ASSERT_EQ(testing::colour_at(pixels, x, y), testing::colour_at(picture, region.x + x, region.y + y))
              << level << " " << x << " " << y;
        }
      }
    }
  }
}

TEST_F(Dicom, FilesOfASeriesBelongTogether) {
  testing::write_dicom(folder_ / "other.dcm", picture_, 0.5, 256, "1.2.4");
  EXPECT_EQ(series(folder_ / "1.dcm"), "1.2.3");
  EXPECT_EQ(series(folder_ / "2.dcm"), "1.2.3");
  EXPECT_EQ(series(folder_ / "other.dcm"), "1.2.4");
  EXPECT_EQ(open(folder_ / "other.dcm")->properties().levels.size(), 1U) << "the folder's other series is another slide";
}

TEST_F(Dicom, SaysThatTheFullResolutionIsMissing) {
  EXPECT_TRUE(open(folder_ / "2.dcm")->properties().warnings.empty());
  std::filesystem::remove(folder_ / "1.dcm");
  const auto reader = open(folder_ / "2.dcm");
  EXPECT_EQ(reader->properties().levels.size(), 1U);
  EXPECT_THAT(reader->properties().warnings, ::testing::ElementsAre(HasSubstr("a smaller copy of the slide")));
}

TEST_F(Dicom, AFileThatBreaksOffIsRefused) {
  const std::filesystem::path file = folder_ / "1.dcm";
  std::filesystem::resize_file(file, 400);
  try {
    open(file);
    ADD_FAILURE();
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("1.dcm"));
  }
}

}  // namespace
}  // namespace wsi_lpd::slide
