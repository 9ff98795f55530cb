#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::image {

struct PyramidOptions {
  enum class Compression { Deflate, Zstd, Jpeg };
  enum class Reduction { Mean, Mode };  ///< how four pixels become one in the next level; labels must never be averaged
  Compression compression = Compression::Deflate;
  Reduction reduction = Reduction::Mean;
  int tile = 512;  ///< pixels a side, a multiple of 16
  int jpeg_quality = 85;
  double mpp = 0;               ///< µm per pixel, written as resolution tags; 0 writes none
  std::string description;      ///< ImageDescription of the first page
  std::vector<Colour> palette;  ///< colour of each value of a one-channel raster; empty for RGB
};

/// Sizes of the levels that a raster of `size` gets, from itself to the first that fits into one tile.
std::vector<Size> pyramid_sizes(Size size, int tile = PyramidOptions().tile);

/// Rows in, pyramid out: a tiled BigTIFF, factor 2, down to one tile, lower levels as pages flagged reduced-image (docs/outputs.md has
/// the rule of a level's size and pixels). A row of tiles is written as soon as it is whole, the lower levels to temporaries beside the
/// target ("NAME.level1.part"…), which finish() appends tile by tile as they are. The file appears under its name only when it is whole; a
/// writer destroyed before finish() leaves nothing. Memory: two rows of tiles, whatever the height. Not thread-safe.
///
/// Not libvips' tiffsave: it wants the whole raster first, keeps its levels in TMPDIR, and (8.14) uses freed memory when a pyramid fails
/// half-way, which ends the program instead of reporting a full disk.
class RasterWriter {
 public:
  /// `channels` is 1 (labels) or 3 (RGB).
  RasterWriter(const std::filesystem::path& path, Size size, int channels, PyramidOptions options);
  RasterWriter(RasterWriter&&) noexcept;
  ~RasterWriter();
  /// Appends `rows` packed rows. Throws Error (path and reason), also when the disk is full.
  void add_rows(const std::uint8_t* pixels, std::int64_t rows);
  std::int64_t rows_written() const;
  /// Puts the levels together; all rows must have been added.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::image
