#pragma once
// Private to src/image: one page of a pyramid on its way to disk.
#include <cstdint>
#include <string>
#include <vector>

#include "tiff_file.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/image/raster_writer.hpp"

namespace wsi_lpd::image {

/// Which page of a pyramid.
struct PyramidPage {
  int plane = 0;
  int level = 0;            ///< 0 is the full resolution
  std::uint16_t below = 0;  ///< how many pages come after it as its SubIFDs
};

/// Collects rows into one row of tiles and writes that when it is whole. The next level is made of the rows in here.
class PyramidLevel {
 public:
  /// `doing` starts every error.
  PyramidLevel(const std::string& doing, const std::filesystem::path& path, PyramidPage page, core::Size size, int channels,
               const PyramidOptions& options);

  /// Appends a row. True when the level below can have its next row.
  bool add_row(const std::uint8_t* row);
  /// That row: [size of the level below], of the last two rows added (of the last alone when the height is odd).
  void reduce(std::uint8_t* half) const;

  TiffFile& file() { return file_; }
  std::int64_t rows() const { return rows_; }
  /// Ends the current page of `target` and appends this level to it as a new one, tile by tile as compressed. Closes this file.
  void append_to(TiffFile& target);

 private:
  void set_fields(TiffFile& file) const;
  void write_tiles();
  void write_blank_tile(std::uint32_t number);

  std::string doing_;
  std::filesystem::path path_;
  PyramidPage page_;
  core::Size size_;
  int channels_;
  const PyramidOptions& options_;
  TiffFile file_;
  std::int64_t tile_width_, tile_height_;
  std::int64_t rows_ = 0;
  std::vector<std::vector<std::uint8_t>>
      band_;                         ///< the row of tiles at hand, each [tile height, tile width, channels], or empty where blank
  std::vector<std::uint8_t> blank_;  ///< a compressed tile of zeros
  std::vector<std::uint8_t> pair_;   ///< [2, width, channels]: the last rows, for the level below
};

}  // namespace wsi_lpd::image
