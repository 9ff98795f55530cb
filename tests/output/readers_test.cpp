#include <gtest/gtest.h>

#include "output/results.hpp"
#include "test_data.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/image/png_label_writer.hpp"
#include "wsi_lpd/image/raster_writer.hpp"
#include "wsi_lpd/output/overlay.hpp"
#include "wsi_lpd/output/result_file.hpp"
#include "wsi_lpd/output/statistics.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/output/summary.hpp"

namespace wsi_lpd::output {
namespace {

/// Everything that a slide gets, opened by programs that know nothing of ours: openslide-python, h5py, Pillow, csv, json (label pyramids:
/// label_readers_test.cpp).
TEST(Readers, OpenWhatWeWrite) {
  WSI_LPD_NEEDS_PYTHON();
  const testing::TemporaryFolder folder;
  const SlideStatistics statistics = testing::some_statistics();
  const core::Size size = statistics.frame.size;

  const core::Image labels = testing::some_labels(size);
  core::write_text_file(folder / "labels.raw", std::string(reinterpret_cast<const char*>(labels.data()), labels.bytes()));
  image::write_labels_png(folder / "labels.png", labels, result_palette(statistics.classes));

  core::Image rgb(1300, 700, 3);
  for (std::int64_t y = 0; y < 700; ++y) {
    for (std::int64_t x = 0; x < 1300; ++x) {
      const std::uint8_t colour[] = {static_cast<std::uint8_t>(x / 6), static_cast<std::uint8_t>(y / 3), 90};
      std::copy_n(colour, 3, rgb.at(x, y));
    }
  }
  image::PyramidOptions photograph;
  photograph.compression = image::PyramidOptions::Compression::Jpeg;
  photograph.mpp = 0.25;
  image::RasterWriter slide(folder / "rgb.tif", {1300, 700}, 3, photograph);
  slide.add_rows(rgb.data(), 700);
  slide.finish();

  ResultLayout layout;
  layout.frame = statistics.frame;
  layout.classes = statistics.classes;
  layout.prototypes_per_class = 2;
  layout.feature_size = 5;
  layout.tile = 224;
  layout.overlap = 112;
  layout.map_stride = 8;
  layout.map = {252, 189};
  layout.provenance = {{"model_sha256", statistics.model_sha256}, {"mpp_source", ""}};
  ResultFile file(folder / "slide.h5", layout);
  const std::vector<float> features{1, 2, 3, 4, 5}, scores{0.5, 1, 1.5, 2}, prototypes{1, 2, 3, 4, 5, 6, 7, 8};
  for (int i = 0; i < 300; ++i)
    file.add_tile(100 + 444 * i, 200, features, scores, prototypes, TileStatus::Read,
                  {.focus = 0.5F, .feature_distance = 0.75F, .stain_distance = 1.5F});
  for (std::int64_t y = 0; y < 189; ++y) {
    file.add_map_rows(1, std::vector<std::uint8_t>(252, static_cast<std::uint8_t>(y % 5)), std::vector<std::uint8_t>(252 * 4, 51));
  }
  file.finish();
  ResultFile empty(folder / "empty.h5", layout);
  empty.add_map_rows(189, std::vector<std::uint8_t>(252 * 189), std::vector<std::uint8_t>(252 * 189 * 4));
  empty.finish();

  write_statistics(folder / "slide.json", statistics);
  write_summary(folder / "summary.csv", {statistics}, {{"b.svs", "a reason, \"quoted\"\nin two lines"}});
  image::write_jpeg(folder / "slide.overlay.jpg", draw_overlay(rgb, labels, statistics, 0.25));

  EXPECT_TRUE(testing::run_python("output/read_results.py", {folder.path().string()}));
}

}  // namespace
}  // namespace wsi_lpd::output
