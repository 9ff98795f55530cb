#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::output {

enum class TileStatus : std::uint8_t { Read = 0, Unreadable = 1 };

/// What is measured of one tile; NaN: not known.
struct TileMeasures {
  float focus;             ///< sharpness, 0…1
  float feature_distance;  ///< to the features of the training images, 1 at the limit
  float stain_distance;    ///< to their stains, 1 at the limit
};

struct ResultLayout {
  core::Frame frame;
  core::ClassScheme classes;
  int prototypes_per_class = 0;
  int feature_size = 0;                           ///< D of `features`
  std::string features_of;                        ///< what the features are, for people
  int tile = 0;                                   ///< output pixels
  int overlap = 0;                                ///< output pixels that neighbouring tiles share
  int map_stride = 0;                             ///< output pixels per cell of /mask and /probabilities
  core::Size map;                                 ///< cells
  std::map<std::string, std::string> provenance;  ///< become root attributes
};

/// `slide.h5`: per-tile and per-cell results (docs/outputs.md has the layout, after CLAM and TRIDENT). Appended to while the slide streams
/// by; memory does not grow with the slide. Appears under its name at finish(); destroyed before, it leaves nothing. One file is used by
/// one thread at a time. Several files may be made, filled, finished and destroyed by several threads at once: one lock of the process
/// guards HDF5.
class ResultFile {
 public:
  ResultFile(const std::filesystem::path& path, ResultLayout layout);
  ResultFile(ResultFile&&) noexcept;
  ~ResultFile();
  /// One tile: origin in level-0 pixels, features [D], scores [C] (NaN: not scored), prototype peaks [C·k].
  void add_tile(std::int64_t level0_x, std::int64_t level0_y, std::span<const float> features, std::span<const float> scores,
                std::span<const float> prototypes, TileStatus status, const TileMeasures& measures);
  /// The next `rows` rows of the maps: labels [rows, w] in result values, probabilities [C, rows, w] as 0…255.
  void add_map_rows(std::int64_t rows, std::span<const std::uint8_t> labels, std::span<const std::uint8_t> probabilities);
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "HDF5 1.10.8"
std::string hdf5_version();

}  // namespace wsi_lpd::output
