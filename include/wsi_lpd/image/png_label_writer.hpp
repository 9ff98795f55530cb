#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::image {

/// Writes labels as an indexed PNG: pixel values are palette indices, `palette[value]` is the colour shown. Thread-safe. Throws as
/// LabelPngWriter does.
void write_labels_png(const std::filesystem::path& path, const core::Image& labels, const std::vector<core::Colour>& palette);

/// Writes such a PNG row by row, for rasters that do not fit into memory. The file appears under its name at finish(); a writer destroyed
/// before leaves nothing. `palette` has 1 to 256 colours; a value without a colour is an error. Throws Error with the path and the reason,
/// also when the disk is full. One writer is not thread-safe.
class LabelPngWriter {
 public:
  LabelPngWriter(const std::filesystem::path& path, core::Size size, const std::vector<core::Colour>& palette);
  LabelPngWriter(LabelPngWriter&&) noexcept;
  ~LabelPngWriter();
  void add_rows(const std::uint8_t* labels, std::int64_t rows);
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::image
