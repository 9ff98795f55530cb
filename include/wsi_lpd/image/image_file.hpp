#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/image.hpp"

// Image files in and out. Everything here is thread-safe unless it says otherwise, throws Error with the path and the reason, and
// writes through a PartFile.
namespace wsi_lpd::image {

/// Silences libtiff, for OpenSlide as well, and starts libvips (idempotent) with one worker thread per operation: parallelism is the
/// pipeline's. Called by every function here.
void initialise();
/// "libvips 8.14.1"
std::string library_version();
/// The formats that this program needs, and whether libvips was built with them.
std::vector<std::pair<std::string, bool>> codecs();

/// Decodes a PNG, JPEG or TIFF to RGB; grey becomes RGB, alpha is laid over white, 16 bit is reduced. A truncated file is an error.
Image read_rgb(const std::filesystem::path& path);
/// The same at a size whose longer side is at most `longest` pixels; a JPEG is decoded no larger than need be.
Image read_rgb_within(const std::filesystem::path& path, std::int64_t longest);
/// Size from the header alone.
Size read_size(const std::filesystem::path& path);

/// A user's mask as 1 inside and 0 outside, one channel, out of a PNG, JPEG or TIFF of 1 to 32 bits, integers or floats. Inside is what is
/// not 0 in each of the channels, and not fully transparent; NaN is outside. Three kinds have a rule of their own:
///  - JPEG, also within TIFF, blurs edges: inside is what has at least half of the largest value in the image.
///  - Indexed images: black and transparent colours are outside, whatever their index; where no pixel is black or transparent, or all are
///    black, index 0 is outside.
///  - TIFF whose 0 is white (PhotometricInterpretation 0): the stored value counts, but in fax compressions what is shown.
/// Puts lines into `warnings`: all inside, all outside, a palette or a white 0 that can be read either way. Throws Error.
Image read_mask(const std::filesystem::path& path, std::vector<std::string>* warnings = nullptr);

void write_png(const std::filesystem::path& path, const Image& image, Durable durable = Durable::Yes);
void write_jpeg(const std::filesystem::path& path, const Image& image, int quality = 90, Durable durable = Durable::Yes);
/// The bytes of a PNG file, 1 channel (grey) or 3 (RGB).
std::vector<std::uint8_t> encode_png(const Image& image);
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

/// A colour of an indexed image.
struct PaletteEntry {
  Colour colour;
  std::uint8_t alpha = 255;
  bool operator==(const PaletteEntry&) const = default;
};

/// What a reader of labels makes of an image whose pixels are colours.
enum class RgbLabels {
  Refused,
  Numbered,  ///< colours are labels 0, 1, … in the order in which they come; PNG of 8 bits only, and at most 256 of them
};

/// Rows of raw label values out of a PNG (palette index or 8-bit grey) or a TIFF (tiled or in strips, palette or grey, 8 bit; first
/// page, or a reduced one). Palettes are never applied. Bounded memory: a row or one row of tiles (an interlaced PNG: the whole). Not
/// thread-safe.
class LabelReader {
 public:
  /// `level` of a pyramid TIFF, 0 the full resolution; a level that the file does not have is an error.
  static std::unique_ptr<LabelReader> open(const std::filesystem::path& path, int level = 0, RgbLabels rgb = RgbLabels::Refused);
  virtual ~LabelReader() = default;
  virtual Size size() const = 0;
  /// ImageDescription of a TIFF, and of an OME-TIFF that RasterWriter wrote the description it was given; empty for a PNG.
  virtual std::string description() const = 0;
  /// The colours of values 0, 1, …: empty for a grey image; of numbered colours those of the rows read so far.
  const std::vector<PaletteEntry>& palette() const { return palette_; }
  /// Are the values numbers of colours (RgbLabels::Numbered), without a meaning of their own?
  bool is_rgb() const { return is_rgb_; }
  /// The next row, top to bottom, `size().width` values.
  virtual void next_row(std::uint8_t* row) = 0;

 protected:
  std::vector<PaletteEntry> palette_;
  bool is_rgb_ = false;
};
Image read_labels(const std::filesystem::path& path);
/// All rows that are left of `reader`.
Image read_labels(LabelReader& reader);

}  // namespace wsi_lpd::image
