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
  core::Size size;          ///< level pixels
  double downsample_x = 1;  ///< level-0 pixels per level pixel: the integer factor where sizes allow one, not the rounded ratio
  double downsample_y = 1;
};

inline constexpr double kFinestMpp = 0.05, kCoarsestMpp = 10;  ///< µm/px of level 0; values outside of these are mistakes
/// The end of a sentence that tells the user what to do about a slide whose µm/px is missing or wrong.
inline constexpr const char* kGiveMpp = "give --mpp, or for a batch the column mpp of a manifest";
inline bool is_plausible_mpp(double mpp) { return mpp >= kFinestMpp && mpp <= kCoarsestMpp; }

struct Properties {
  std::filesystem::path path;
  std::string vendor;
  std::vector<Level> levels;
  core::Rect bounds;                ///< level-0; the whole of level 0 where the slide names none
  std::optional<double> mpp;        ///< µm/px of level 0
  std::string mpp_source;           ///< "given", "slide", "ome", "tiff tags", "image tags" or "unknown"
  std::optional<double> own_mpp{};  ///< what the slide says, where another one was given
  std::optional<double> objective_power;
  core::Colour background{255, 255, 255};
  std::string note;                     ///< how the file is read, where that is unusual or costs time or disk space; empty otherwise
  std::vector<std::string> warnings{};  ///< what the file says that contradicts itself, and which of it counts
};

/// A part of the slide that could not be decoded. The reader stays usable.
class ReadError : public core::Error {
 public:
  using core::Error::Error;
};

/// One whole slide image. Its members are thread-safe; pixels go into the caller's memory.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual const Properties& properties() const = 0;
  /// Reads `region` (level pixels of `level`; may reach past the edges, where the background colour stands) as RGB into `target`, which
  /// has the region's size. Transparent pixels show the background colour. Throws ReadError when any of it can't be decoded.
  virtual void read(int level, const core::Rect& region, core::ImageView<std::uint8_t> target) const = 0;
};

}  // namespace wsi_lpd::slide
