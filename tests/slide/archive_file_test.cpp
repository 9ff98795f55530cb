// What is said of files in an archive that are no slides.
#include "wsi_lpd/slide/archive_file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "image/test_tiff.hpp"
#include "slide/position_slide.hpp"
#include "test_data.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/slide/open.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::slide {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ArchiveFile : public ::testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  /// What `open` says is what a search says, after the path.
  static std::string reason(const fs::path& path) {
    std::string said = "opened";
    try {
      open(path);
    } catch (const core::Error& error) {
      said = error.what();
    }
    EXPECT_EQ(said, path.string() + ": " + why_no_slide(path));
    return why_no_slide(path);
  }
  testing::TemporaryFolder folder_;
};

TEST_F(ArchiveFile, WhatCantBeASlideHasAReason) {
  fs::create_symlink("/nonexistent/x.svs", folder_ / "gone.svs");
  EXPECT_EQ(reason(folder_ / "gone.svs"), "is a link to /nonexistent/x.svs, which is not there");
  EXPECT_EQ(reason(folder_ / "absent.svs"), "No such file or directory");
  ASSERT_EQ(mkfifo((folder_ / "pipe.svs").c_str(), 0600), 0);
  EXPECT_EQ(reason(folder_ / "pipe.svs"), "is no regular file");
  EXPECT_FALSE(series(folder_ / "pipe.svs")) << "and nothing waits for its writer";
  EXPECT_THAT(reason(folder_.path()), HasSubstr("is a folder; a slide file is wanted"));
  for (const char* name : {"empty.svs", "empty.tif", "empty.ndpi", "empty.mrxs"}) EXPECT_EQ(reason(write(name, "")), "is empty");
  EXPECT_THAT(reason(write("zeros.svs", std::string(100000, '\0'))), HasSubstr("nothing but zeros"));
  EXPECT_THAT(reason(write("page.svs", "<html>404</html>")), HasSubstr("is a web page"));
  EXPECT_THAT(reason(write("page.tif", "\xef\xbb\xbf\n<!DOCTYPE HTML PUBLIC>")), HasSubstr("is a web page"));
  image::write_jpeg(folder_ / "preview.mrxs", testing::position_picture({300, 200}));
  EXPECT_THAT(reason(folder_ / "preview.mrxs"), HasSubstr("MIRAX slide without its data: the folder preview with Slidedat.ini"));
  for (const char* name : {"picture.svs", "picture.TIF"}) {
    image::write_jpeg(folder_ / name, testing::position_picture({300, 200}));
    EXPECT_THAT(reason(folder_ / name), HasSubstr("is a JPEG image under the ending ." + std::string(name[8] == 's' ? "svs" : "tif")));
  }
  EXPECT_THAT(reason(write("scan.isyntax", "<DataObject")), HasSubstr("Philips iSyntax, which nothing here reads: convert it"));
  EXPECT_THAT(reason(write("scan.czi", "ZISRAWFILE")), HasSubstr("Zeiss CZI, which newer versions of OpenSlide read (here: OpenSlide "));
  fs::create_directory(folder_ / "scan.zarr");
  EXPECT_THAT(reason(folder_ / "scan.zarr"), HasSubstr("OME-Zarr, which nothing here reads"));
}

TEST_F(ArchiveFile, WhatMayBeASlideIsLeftToItsReader) {
  image::write_jpeg(folder_ / "picture.jpg", testing::position_picture({300, 200}));
  EXPECT_EQ(why_no_slide(folder_ / "picture.jpg"), "");
  EXPECT_EQ(why_no_slide(write("cut.svs", "II*")), "") << "its reader says what is wrong";
}

/// A series is one failure, not hundreds.
TEST_F(ArchiveFile, DicomThatCantBeReadIsOneSeriesAFolder) {
  if (!library_version().starts_with("OpenSlide 3.")) GTEST_SKIP() << library_version() << " reads DICOM";
  const std::string bytes = std::string(128, '\0') + "DICM and more";
  EXPECT_EQ(series(write("1.dcm", bytes)), folder_.path().string());
  EXPECT_THAT(reason(write("2.dcm", bytes)), HasSubstr("is DICOM, which newer versions of OpenSlide read"));
  EXPECT_FALSE(series(write("3.dcm", "no DICOM")));
}

TEST_F(ArchiveFile, DicomOfAnotherKindIsNoSlide) {
  if (library_version().starts_with("OpenSlide 3.")) GTEST_SKIP() << library_version() << " reads no DICOM";
  const std::string why = "is no DICOM whole slide image (VL Whole Slide Microscopy)";
  EXPECT_EQ(reason(write("ct.dcm", std::string(128, '\0') + "DICM and more")), why);
  EXPECT_EQ(reason(write("text.dcm", "no DICOM")), why);
}

}  // namespace
}  // namespace wsi_lpd::slide
