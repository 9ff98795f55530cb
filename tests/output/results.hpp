#pragma once
#include <random>

#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/output/statistics.hpp"

namespace wsi_lpd::testing {

/// Statistics in which every field differs from its default.
inline output::SlideStatistics some_statistics() {
  output::SlideStatistics s;
  s.slide = "archive/\"odd\", name\nof a slide.svs";
  s.slide_fingerprint = "1938955-1700000000";
  s.slide_sample = "0a1b";
  s.model_sha256 = "abc123";
  s.configuration_sha256 = "def456";
  s.configuration = {{"overlap", "0.5"}, {"tissue", "\"auto\""}};
  s.model_path = "runs/latest/model.safetensors";
  s.frame = {{100, 200, 4001, 3001}, 1.98765432101234, {2013, 1510}, 0.5, 0.25155};
  s.mpp_source = "OpenSlide";
  s.model_mpp_known = true;
  s.classes = core::default_class_scheme(4);
  s.tissue_pixels = 2'000'000;
  s.glass_pixels = 345'678;
  s.per_class = {{800'000, 12, 500'000}, {400'000, 3, 399'000}, {100'000, 40, 9'000}, {0, 0, 0}};
  s.per_class[0].share_interval = {{0.5, 0.75}};
  s.interfaces = {{0, 1, 4000.5}, {0, 2, 10}, {0, 3, 0}, {1, 2, 2000}, {1, 3, 0}, {2, 3, 0}};
  s.square_side = 224;
  s.squares = 49;
  s.mean_entropy = 0.625;
  s.unlabelled_pixels = 690'000;
  s.unreadable_pixels = 10'000;
  s.tiles_planned = 60;
  s.tiles_read = 49;
  s.tiles_skipped = 10;
  s.tiles_unreadable = 1;
  s.focus_median = 0.5625;
  s.out_of_focus = 0.125;
  s.fit = {.features = {.tiles = 16, .beyond = 4}, .stain = {.tiles = 40, .beyond = 1}};
  s.seconds = {{"read", 1.25}, {"total", 3.0000001}};
  s.peak_memory_bytes = 123'456'789'012;
  s.precision = "bf16";
  s.precision_agreement = 0.9975;
  s.presence_shift = {-1.5, 0.25, 0, 2};
  s.crf = true;
  s.stain = {.method = core::StainMethod::Macenko, .slide = {}, .target = {}, .problem = "there is too little tissue"};
  s.stain.slide.macenko = {.vectors = {{{0.64, 0.72, 0.27}, {0.1, 0.95, 0.3}}}, .concentrations = {1.5, 1.25}};
  s.stain.target.macenko = {.vectors = {{{0.55, 0.78, 0.3}, {0.05, 0.97, 0.24}}}, .concentrations = {2.1, 1.5}};
  s.warnings = {"tile (3, 4) of the slide is unreadable"};
  s.versions = {{"wsi-lpd", "0.1.0"}, {"hdf5", "HDF5 1.10.8"}};
  s.files = {{".h5", 5}, {".tif", 6}};
  return s;
}

/// Blocks of every label value, strewn with pixels of another.
inline core::Image some_labels(const core::Size& size) {
  core::Image labels(size.width, size.height, 1);
  std::mt19937 random(5);
  for (std::int64_t y = 0; y < size.height; ++y) {
    for (std::int64_t x = 0; x < size.width; ++x) {
      const std::uint8_t block = static_cast<std::uint8_t>((x / 97 + y / 61) % 6);
      *labels.at(x, y) = block == 5 ? core::kUnreadable : random() % 8 == 0 ? std::uint8_t{2} : block;
    }
  }
  return labels;
}

}  // namespace wsi_lpd::testing
