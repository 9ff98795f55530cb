#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::image {

/// What an image file is by its header alone.
struct ImageKind {
  enum class Format { Tiff, Png, Jpeg, Vips } format = Format::Tiff;
  bool colour = false;  ///< of a TIFF: its samples are red, green and blue; no grey, no colour map, as masks and label rasters have
  /// A TIFF with what OpenSlide's generic-tiff does not see or gets wrong: OME-XML, levels in SubIFDs, a slide that is not its first image,
  /// an Orientation tag (it turns each tile in itself), samples that are not unsigned of 8 bits, tiles that were never written.
  bool only_here = false;
  bool is_aperio = false;   ///< a TIFF in tiles whose description says that Aperio's scanner wrote it
  bool is_damaged = false;  ///< a TIFF whose list of images can't be read; `colour` and `only_here` are not known
};
/// Nothing when the file is none of these formats. Looks at its first bytes alone. Thread-safe.
std::optional<ImageKind::Format> image_format(const std::filesystem::path& path);
/// Nothing when the file is none of these formats. Reads a TIFF's list of images, decodes nothing. Thread-safe.
std::optional<ImageKind> image_kind(const std::filesystem::path& path);

/// An image file and the smaller copies of it inside, read in pieces as 8-bit RGB: grey becomes RGB, alpha is laid over white, 16 bits
/// are reduced to 8. Reads are thread-safe and go into the caller's memory.
///
///  - TIFF in tiles (baseline compressions and JPEG 2000): tiles are decoded as they are wanted; smaller copies are SubIFDs (OME-TIFF) or
///    pages flagged as reduced. A bounded number of decoded tiles is kept.
///  - VIPS (8 bit): pixels are taken from where they lie in the file.
///  - PNG, JPEG, TIFF in strips: no part can be had without what precedes it. The whole is decoded once, on opening, into a nameless
///    file in TMPDIR; `note` says so.
///
/// The largest image of a TIFF is the slide; several large ones are an Error. Orientation tags are not applied, as OpenSlide does not apply
/// those of JPEG tiles: frames are the file's. Tiles that were never written are white. 16-bit samples that use 8, 10, 12 or 14 bits are
/// taken as such. `note` says so.
class PyramidFile {
 public:
  struct Info {
    std::filesystem::path path;
    std::string format;                  ///< "ome-tiff", "tiff", "png", "jpeg" or "vips"
    std::vector<core::Size> levels;      ///< the image first, then smaller ones, each of its shape
    std::optional<double> mpp_x, mpp_y;  ///< µm/px as the file says it, plausible or not
    std::string mpp_source;              ///< "ome" (PhysicalSize), "tiff tags" or "image tags"
    std::optional<double> tags_mpp{};    ///< what the resolution tags say, where that is not mpp_x
    int significant_bits = 0;            ///< of 16-bit samples as OME-XML or MaxSampleValue says; 0 where none does
    std::string note;                    ///< how it is read, where that is not plain or costs something; empty otherwise
  };
  /// Throws Error (path and reason): not such a file, damaged, of a kind of pixels that is no picture of tissue (floats, more than one
  /// plane, CMYK, …), or TMPDIR is too small for what must be decoded at once.
  static std::unique_ptr<PyramidFile> open(const std::filesystem::path& path);
  virtual ~PyramidFile() = default;

  const Info& info() const { return info_; }
  /// `region` lies within the level and has `target`'s size. Throws Error when it can't be decoded, or another file has taken the path;
  /// other regions stay readable.
  virtual void read(int level, const core::Rect& region, core::ImageView<std::uint8_t> target) const = 0;

 protected:
  Info info_;
};

}  // namespace wsi_lpd::image
