#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::image {

/// What the OME-XML of a raster has besides its size and µm/px.
struct OmeMetadata {
  struct Channel {
    std::string name;
    std::optional<core::Colour> colour{};  ///< that viewers draw it in
  };
  std::string name;                                        ///< of the image
  std::vector<Channel> channels;                           ///< one for each plane
  std::vector<std::pair<std::string, std::string>> notes;  ///< keys with what they mean, as a MapAnnotation
};

struct PyramidOptions {
  enum class Compression { Deflate, Zstd, Jpeg };
  enum class Reduction { Mean, Mode };  ///< how four pixels become one in the next level; labels must never be averaged
  Compression compression = Compression::Deflate;
  Reduction reduction = Reduction::Mean;
  int tile = 512;  ///< pixels a side, a multiple of 16
  int jpeg_quality = 85;
  double mpp = 0;                     ///< µm per pixel, written as resolution tags; 0 writes none
  std::string description;            ///< ImageDescription of the first page
  std::vector<core::Colour> palette;  ///< colour of each value of a one-channel raster; empty for RGB
  /// OME-TIFF (schema 2016-06): a page for each plane, its lower levels in SubIFDs; `description` is a comment in the OME-XML.
  std::optional<OmeMetadata> ome{};
};

/// Sizes of the levels that a raster of `size` gets, from itself to the first that fits into one tile.
std::vector<core::Size> pyramid_sizes(core::Size size, int tile = PyramidOptions().tile);

/// Turns the rows of a raster into a pyramid: a tiled BigTIFF in which each level has half the size of the one before, down to one tile.
/// Lower levels are pages flagged as reduced images (docs/outputs.md has the rule of a level's size and pixels). A row of tiles is written
/// as soon as it is whole, the lower levels and further planes to temporaries beside the target (part_path()s of it), which finish()
/// appends tile by tile as they are. The file appears under its name only when it is whole; a writer destroyed before finish() leaves
/// nothing. Memory: two rows of tiles of each plane, whatever the height. Not thread-safe.
///
/// It does not use libvips' tiffsave, which needs the whole raster first and keeps its levels in TMPDIR. Version 8.14 of it also uses freed
/// memory when a pyramid fails half-way, and so ends the program instead of reporting a full disk.
class RasterWriter {
 public:
  /// `channels` of a plane's pixels is 1 (labels) or 3 (RGB). There is one plane, or as many as `options.ome` has channels, each of 1.
  RasterWriter(const std::filesystem::path& path, core::Size size, int channels, PyramidOptions options);
  RasterWriter(RasterWriter&&) noexcept;
  ~RasterWriter();
  /// Appends `rows` packed rows, [planes, rows, width, channels]. Throws Error (path and reason), also when the disk is full.
  void add_rows(const std::uint8_t* pixels, std::int64_t rows);
  std::int64_t rows_written() const;
  /// Appends the lower levels and gives the file its name; all rows must have been added. Throws as add_rows() does.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::image
