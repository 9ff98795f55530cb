// Which files a slide consists of, and copies of them.
#include "slide_copy.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <tiffio.h>

#include "pipeline/identity_segmenter.hpp"
#include "slide_parts.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::pipeline::archive {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::UnorderedElementsAre;

class SlideFiles : public ::testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& bytes) const {
    fs::create_directories((folder_ / name).parent_path());
    core::write_text_file(folder_ / name, bytes, core::Durable::No);
    return folder_ / name;
  }
  fs::path paint(const std::string& name) const {
    testing::write_slide(folder_ / name, {300, 200}, 0.5, [](auto, auto) { return testing::kPaint[0]; });
    return folder_ / name;
  }
  std::string failure(const SlideCopy& copy) const {
    try {
      copy.copy_to(folder_ / "copy", stop_);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "copied";
  }
  testing::TemporaryFolder folder_;
  std::atomic<bool> stop_ = false;
};

TEST_F(SlideFiles, BelongTogetherByTheFormat) {
  const fs::path tiff = paint("a.tif");
  write("a/other.dat", "no part of it");
  EXPECT_THAT(parts_of_slide(tiff), Optional(ElementsAre(tiff)));

  const fs::path mirax = write("m.mrxs", "x");
  const fs::path index = write("m/Slidedat.ini", "[GENERAL]\n"), data = write("m/Data0000.dat", "pixels");
  EXPECT_THAT(parts_of_slide(mirax), Optional(UnorderedElementsAre(mirax, index, data)));

  const fs::path vsi = write("v.vsi", "x"), frame = write("_v_/stack1/frame_t.ets", "pixels");
  write("_w_/stack1/frame_t.ets", "another's");
  EXPECT_THAT(parts_of_slide(vsi), Optional(ElementsAre(vsi, frame)));

  const fs::path picture = write("h(1,0).jpg", "pixels"), map = write("map.jpg", "pixels");
  const fs::path vms =
      write("h.vms",
            "[Virtual Microscope Specimen]\nNoLayers=1\nImageFile(1,0)= h(1,0).jpg \r\nMapFile=map.jpg\nMacroImage=gone.jpg\n"
            "OptimisationFile=../m.mrxs\n");
  EXPECT_THAT(parts_of_slide(vms), Optional(ElementsAre(vms, picture, map)));

  EXPECT_FALSE(parts_of_slide(write("unknown.bin", "unknown")));
}

/// Trestle's slides have files beside them that are not known here.
TEST_F(SlideFiles, OfSomeFormatsAreNotKnown) {
  TIFF* const tiff = TIFFOpen((folder_ / "t.tif").c_str(), "w");
  const std::vector<std::pair<std::uint32_t, int>> tags{{TIFFTAG_IMAGEWIDTH, 64},
                                                        {TIFFTAG_IMAGELENGTH, 64},
                                                        {TIFFTAG_TILEWIDTH, 64},
                                                        {TIFFTAG_TILELENGTH, 64},
                                                        {TIFFTAG_SAMPLESPERPIXEL, 3},
                                                        {TIFFTAG_BITSPERSAMPLE, 8},
                                                        {TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB},
                                                        {TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG}};
  for (const auto& [tag, value] : tags) TIFFSetField(tiff, tag, value);
  TIFFSetField(tiff, TIFFTAG_SOFTWARE, "MedScan 1.0");
  TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, "Background Color=E6E6E6;");
  std::vector<std::uint8_t> tile(64 * 64 * 3);
  TIFFWriteTile(tiff, tile.data(), 0, 0, 0, 0);
  TIFFClose(tiff);
  EXPECT_FALSE(parts_of_slide(folder_ / "t.tif"));
}

TEST_F(SlideFiles, AreCopiedAsAWhole) {
  const fs::path slide = write("m.mrxs", "index"), data = write("m/deep/Data0000.dat", std::string(5000, 'x'));
  fs::last_write_time(data, fs::last_write_time(data) - std::chrono::hours(30));
  const SlideCopy copy({slide, data});
  EXPECT_EQ(copy.bytes(), 3 * 4096U) << "whole blocks";
  EXPECT_EQ(copy.copy_to(folder_ / "copy", stop_), folder_ / "copy/m.mrxs");
  EXPECT_EQ(core::read_text_file(folder_ / "copy/m.mrxs"), "index");
  EXPECT_EQ(core::read_text_file(folder_ / "copy/m/deep/Data0000.dat"), std::string(5000, 'x'));
  EXPECT_EQ(fs::last_write_time(folder_ / "copy/m/deep/Data0000.dat"), fs::last_write_time(data));
  EXPECT_EQ(fs::status(folder_ / "copy/m.mrxs").permissions(), fs::perms::owner_read);
}

TEST_F(SlideFiles, ThatChangeMeanwhileAreNotCopied) {
  const fs::path slide = write("a.svs", "first"), other = write("b.svs", "second");
  const SlideCopy grown({slide}), shrunk({other});
  write("a.svs", "first and more");
  EXPECT_THAT(failure(grown), HasSubstr("a.svs: the file has been replaced or changed"));
  EXPECT_EQ(fs::file_size(folder_ / "copy/a.svs"), 5U) << "never more than was planned";
  fs::resize_file(other, 2);
  EXPECT_THAT(failure(shrunk), HasSubstr("b.svs: the file has been replaced or changed"));
  fs::remove(other);
  EXPECT_THAT(failure(shrunk), HasSubstr("reading " + other.string() + ": No such file or directory"));
  EXPECT_THROW(SlideCopy({other}), core::Error);
}

TEST_F(SlideFiles, AreNotCopiedAfterTheWishToStop) {
  const SlideCopy copy({write("a.svs", "bytes")});
  stop_ = true;
  EXPECT_THROW(copy.copy_to(folder_ / "copy", stop_), core::Cancelled);
  EXPECT_EQ(fs::file_size(folder_ / "copy/a.svs"), 0U);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::archive
