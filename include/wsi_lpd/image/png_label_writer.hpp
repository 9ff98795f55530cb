#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::image {

/// Indexed PNG: pixel values are kept as palette indices, `palette[value]` is the colour shown.
void write_labels_png(const std::filesystem::path& path, const Image& labels, const std::vector<Colour>& palette);

/// The same row by row, for rasters that do not fit into memory. Appears under its name at finish(); destroyed before, it leaves nothing.
/// A value without a colour in `palette` (at most 256) is an error. Not thread-safe.
class LabelPngWriter {
 public:
  LabelPngWriter(const std::filesystem::path& path, Size size, const std::vector<Colour>& palette);
  LabelPngWriter(LabelPngWriter&&) noexcept;
  ~LabelPngWriter();
  void add_rows(const std::uint8_t* labels, std::int64_t rows);
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::image
