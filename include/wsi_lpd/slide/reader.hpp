#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::slide {

struct Level {
  Size size;                ///< level pixels
  double downsample_x = 1;  ///< level-0 pixels per level pixel: the integer factor where sizes allow one, not the rounded ratio
  double downsample_y = 1;
};

inline constexpr double kFinestMpp = 0.05, kCoarsestMpp = 10;  ///< µm/px of level 0; outside, it is a mistake
/// What to do about a slide whose µm/px is missing or wrong; the end of a sentence.
inline constexpr const char* kGiveMpp = "give --mpp, or for a batch the column mpp of a manifest";
inline bool is_plausible_mpp(double mpp) { return mpp >= kFinestMpp && mpp <= kCoarsestMpp; }

struct Properties {
  std::filesystem::path path;
  std::string vendor;
  std::vector<Level> levels;
  Rect bounds;                      ///< level-0; the whole of level 0 where the slide names none
  std::optional<double> mpp;        ///< µm/px of level 0
  std::string mpp_source;           ///< "given", "slide", "ome", "tiff tags", "image tags" or "unknown"
  std::optional<double> own_mpp{};  ///< what the slide says, where another one was given
  std::optional<double> objective_power;
  Colour background{255, 255, 255};
  std::string note;                     ///< how the file is read, where that is not plain, or costs time or disk; empty otherwise
  std::vector<std::string> warnings{};  ///< what the file says that contradicts itself, and which of it counts
};

struct OpenOptions {
  std::optional<double> mpp;  ///< wins over what the slide says
};

/// A part of the slide that could not be decoded. The reader stays usable.
class ReadError : public Error {
 public:
  using Error::Error;
};

/// One whole slide image. Reads are thread-safe and go into the caller's memory.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual const Properties& properties() const = 0;
  /// Reads `region` (level pixels of `level`; may reach past the edges, where the background colour stands) as RGB into `target`, which
  /// has the region's size. Transparent pixels show the background colour. Throws ReadError when any of it can't be decoded.
  virtual void read(int level, const Rect& region, ImageView<std::uint8_t> target) const = 0;
};

/// Opens a slide through OpenSlide where that knows the format, else as an image (image/pyramid_file.hpp): OME-TIFF, TIFF in strips or
/// JPEG 2000, PNG, JPEG, VIPS. Throws Error: what why_no_slide() (archive_file.hpp) says, no levels, damaged, absurd sizes or µm/px.
std::unique_ptr<Reader> open(const std::filesystem::path& path, const OpenOptions& options = {});
/// Does the file's header make it a slide, whatever its name: a scanner's format, a TIFF in colour, or VIPS? Not a PNG or JPEG, nor a TIFF
/// in grey or with a colour map, although `open` reads them: in folders they are patches, pictures, masks, results.
bool is_slide(const std::filesystem::path& path);

/// What all files of one slide have in common where each of them opens it (DICOM, by OpenSlide 4); nothing for other slides. For DICOM that
/// OpenSlide 3 can't read it is the folder, so that a series is one failure.
std::optional<std::string> series(const std::filesystem::path& path);
/// "OpenSlide 3.4.1"
std::string library_version();

/// Reads regions of the output frame: picks the best level at or above the output's resolution and area-averages from it.
/// Thread-safe; keeps a reference to the reader.
class FrameReader {
 public:
  FrameReader(const Reader& reader, const Frame& frame);
  int level() const { return level_; }
  /// Level pixels that a read of `region` (output pixels) decodes.
  std::int64_t cost(const Rect& region) const;
  /// RGB of `region` (output pixels) into `target` of the same size; past the frame's edge stands the background colour.
  void read(const Rect& region, ImageView<std::uint8_t> target) const;
  /// The same for a region within the frame, in pieces so that it needs little more memory. What can't be decoded shows the background
  /// colour; `unreadable`, if given, gets those parts (output pixels), as small as halving finds them, down to 128 pixels a side.
  void read_readable(const Rect& region, ImageView<std::uint8_t> target, std::vector<Rect>* unreadable = nullptr) const;

 private:
  Rect level_region(const Rect& region) const;
  const Reader& reader_;
  Frame frame_;
  int level_ = 0;
};

/// The slide's bounds at a size whose longer side is at most `longest` pixels, read in pieces so that a slide without a pyramid needs no
/// more memory. What can't be decoded is as FrameReader::read_readable has it (thumbnail pixels).
Image thumbnail(const Reader& reader, std::int64_t longest, std::vector<Rect>* unreadable = nullptr);

}  // namespace wsi_lpd::slide
