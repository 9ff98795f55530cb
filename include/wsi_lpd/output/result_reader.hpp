#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::output {

/// What a slide.h5 says of one tile.
struct TileDistance {
  std::int64_t x = 0, y = 0;  ///< top left, level-0 pixels
  float features = 0;         ///< distance to the features of the training images, 1 at the limit; NaN: not known
  float stain = 0;            ///< the same of their stains
};

/// Reads the class maps and tiles of a `slide.h5` (ResultFile). Sixty-four rows of the maps are in memory at a time. One object is used by
/// one thread at a time; several objects may be used by several threads at once: one lock of the process guards HDF5.
class ResultReader {
 public:
  /// Throws Error (file, reason): no HDF5, damaged, or of another program.
  explicit ResultReader(const std::filesystem::path& path);
  ~ResultReader();

  int classes() const;
  core::Size map() const;     ///< cells
  core::Rect bounds() const;  ///< of the slide, level-0 pixels; the maps begin at its top left
  double cell() const;        ///< side of a cell, level-0 pixels
  double tile() const;        ///< side of a tile, level-0 pixels
  /// One row of the class maps: `values` [C, w], in 1/255. Rows are read fastest in order. Throws Error.
  void read_row(std::int64_t y, std::span<std::uint8_t> values);
  /// All tiles. Throws Error.
  std::vector<TileDistance> tiles();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::output
