#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::image {

/// A colour of an indexed image.
struct PaletteEntry {
  core::Colour colour;
  std::uint8_t alpha = 255;
  bool operator==(const PaletteEntry&) const = default;
};

/// How a reader of labels treats an image whose pixels are colours.
enum class RgbLabels {
  Refused,
  Numbered,  ///< colours become labels 0, 1, … in the order of their first appearance; PNG of 8 bits only, at most 256 colours
};

/// Rows of raw label values out of a PNG (palette index or 8-bit grey) or a TIFF (tiled or in strips, palette or grey, 8 bit; first
/// page, or a reduced one). Palettes are never applied. Bounded memory: a row or one row of tiles (an interlaced PNG: the whole). Not
/// thread-safe.
class LabelReader {
 public:
  /// `level` of a pyramid TIFF, 0 the full resolution. Throws Error with the path and the reason: not such a file, damaged, no such level.
  static std::unique_ptr<LabelReader> open(const std::filesystem::path& path, int level = 0, RgbLabels rgb = RgbLabels::Refused);
  virtual ~LabelReader() = default;
  virtual core::Size size() const = 0;
  /// ImageDescription of a TIFF, and of an OME-TIFF that RasterWriter wrote the description it was given; empty for a PNG.
  virtual std::string description() const = 0;
  /// The colours of values 0, 1, …: empty for a grey image; of numbered colours those of the rows read so far.
  const std::vector<PaletteEntry>& palette() const { return palette_; }
  /// Are the values numbers of colours (RgbLabels::Numbered), without a meaning of their own?
  bool is_rgb() const { return is_rgb_; }
  /// The next row, top to bottom, `size().width` values. Throws Error with the path and the reason.
  virtual void next_row(std::uint8_t* row) = 0;

 protected:
  std::vector<PaletteEntry> palette_;
  bool is_rgb_ = false;
};

/// All rows of a file. Throws Error with the path and the reason, also for more than 2^31 pixels.
core::Image read_labels(const std::filesystem::path& path);
/// All remaining rows of `reader`.
core::Image read_labels(LabelReader& reader);

}  // namespace wsi_lpd::image
