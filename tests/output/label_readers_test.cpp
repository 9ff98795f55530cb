#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "output/results.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/raster_writer.hpp"
#include "wsi_lpd/output/overlay.hpp"

namespace wsi_lpd::output {
namespace {

/// Label pyramids, plain and as OME-TIFF, and beside them what a reader must find in them.
class LabelReaders : public ::testing::TestWithParam<const char*> {
 protected:
  static void SetUpTestSuite() {
    folder_ = new testing::TemporaryFolder();
    const SlideStatistics statistics = testing::some_statistics();
    const core::Size size = statistics.frame.size;
    const core::Image labels = testing::some_labels(size);
    core::write_text_file(*folder_ / "labels.raw", std::string(reinterpret_cast<const char*>(labels.data()), labels.bytes()));

    nlohmann::json given{{"size", {size.width, size.height}}, {"mpp", statistics.frame.mpp}, {"name", "a <b> & \"c\" 肿瘤.svs"}};
    given["description"] = {{"description", "of a test, <with> \"marks\" & 肿瘤\n"}};
    given["notes"] = {{"0", "not tissue"}, {"1", "<script>'TUM'</script> & 肿瘤"}, {"254", "unreadable"}};
    image::PyramidOptions options;
    options.reduction = image::PyramidOptions::Reduction::Mode;
    options.mpp = statistics.frame.mpp;
    options.description = given["description"].dump();
    options.palette = result_palette(statistics.classes);
    for (const int value : {0, 1, 2, 3, 4, 254}) {
      const core::Colour& colour = options.palette[static_cast<std::size_t>(value)];
      given["colours"][std::to_string(value)] = {colour.red, colour.green, colour.blue};
    }
    core::write_text_file(*folder_ / "given.json", given.dump());

    const auto write = [&](const char* name) {
      image::RasterWriter raster(*folder_ / name, size, 1, options);
      raster.add_rows(labels.data(), size.height);
      raster.finish();
    };
    write("slide.tif");
    options.ome = {.name = given["name"], .channels = {{"classes"}}, .notes = {}};
    for (const auto& [key, value] : given["notes"].items()) options.ome->notes.emplace_back(key, value);
    write("slide.ome.tif");
    options.ome.reset();
    options.compression = image::PyramidOptions::Compression::Zstd;
    write("zstd.tif");
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static testing::TemporaryFolder* folder_;
};
testing::TemporaryFolder* LabelReaders::folder_ = nullptr;

TEST_P(LabelReaders, SeeWhatWeWrote) {
  WSI_LPD_NEEDS_PYTHON();
  EXPECT_TRUE(testing::run_python("output/read_labels.py", {GetParam(), folder_->path().string()}));
}

INSTANTIATE_TEST_SUITE_P(All, LabelReaders,
                         ::testing::Values("openslide-system", "openslide-4", "tifffile", "ome-types", "libvips", "pillow", "gdal"),
                         [](const auto& reader) {
                           std::string name = reader.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace wsi_lpd::output
