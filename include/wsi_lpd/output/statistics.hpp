#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/stain.hpp"
#include "wsi_lpd/raster/class_borders.hpp"

namespace wsi_lpd::output {

struct ClassStatistics {
  std::int64_t pixels = 0;                                ///< output pixels
  std::int64_t regions = 0;                               ///< 8-connected
  std::int64_t largest_region = 0;                        ///< output pixels
  std::optional<std::array<double, 2>> share_interval{};  ///< SquareShares::share_intervals()
};

/// What was done to a slide's stain.
struct StainRecord {
  core::StainMethod method = core::StainMethod::None;  ///< the one that was asked for
  core::StainStatistics slide, target;                 ///< as that method has them; the target is the model's
  std::string problem;                                 ///< why the slide was left as it is all the same; empty where it was normalised
};

/// How many of a slide's tiles are farther from the training images of its model than 99 % of such images are.
struct FitShare {
  std::int64_t tiles = 0;   ///< whose distance is known
  std::int64_t beyond = 0;  ///< of these, beyond the limit
  /// Counts a tile at `distance`, 1 at the limit; NaN: not known.
  void add(float distance) {
    if (std::isnan(distance)) return;
    ++tiles;
    beyond += distance > 1;
  }
  /// About 0.01 where a slide is like the training; nothing where no distance is known.
  std::optional<double> share() const {
    return tiles > 0 ? std::optional(static_cast<double>(beyond) / static_cast<double>(tiles)) : std::nullopt;
  }
  bool operator==(const FitShare&) const = default;
};
/// By the features of the presence head's encoder, and by the stain.
struct FitRecord {
  FitShare features, stain;
};

/// What is known of one finished slide: the content of `slide.json` (statistics_file.hpp), and a line of `summary.csv` (summary.hpp).
struct SlideStatistics {
  std::string slide;              ///< path as given
  std::string slide_fingerprint;  ///< size and modification time: the same file as last time?
  std::string slide_sample;       ///< digest::sha256_of_sample() of its file; empty in files of older versions
  std::string model_sha256;
  std::string configuration_sha256;
  std::map<std::string, std::string> configuration;  ///< the options it is of, by name, as text; empty in files of older versions
  std::string model_path;
  core::Frame frame;
  std::string mpp_source;           ///< where the slide's µm/px came from
  std::optional<double> own_mpp{};  ///< what the slide says, where another µm/px was given
  bool model_mpp_known = false;
  core::ClassScheme classes;
  std::int64_t tissue_pixels = 0;  ///< output pixels that are tissue, holes of glass left out
  std::int64_t glass_pixels = 0;   ///< output pixels of these holes, and of the rim of glass that the thumbnail's mask has
  std::vector<ClassStatistics> per_class;
  std::vector<raster::Interface> interfaces;  ///< one per pair of classes, length in output pixels; empty in files of older versions
  int square_side = 0;                        ///< output pixels; of the squares that SquareShares counts, 0 in files of older versions
  std::int64_t squares = 0;                   ///< of them with a class
  std::optional<double> mean_entropy;         ///< bits
  std::int64_t unlabelled_pixels = 0;         ///< tissue, but no class
  std::int64_t unreadable_pixels = 0;
  std::int64_t tiles_planned = 0, tiles_read = 0, tiles_skipped = 0, tiles_unreadable = 0;  ///< skipped: of the grid, without tissue
  std::int64_t tiles_passed_over = 0;  ///< with tissue, and not looked at (SegmentOptions::effort); 0 in files of older versions
  static constexpr std::size_t kMostPositions = 1000;
  std::vector<std::array<std::int64_t, 2>> unreadable_positions;  ///< level-0 (x, y) of the first kMostPositions unreadable tiles
  std::optional<double> focus_median, out_of_focus;  ///< sharpness of the tiles, share of them that are blurred; see slide/focus.hpp
  std::map<std::string, double> seconds;             ///< per stage, and "total"
  std::int64_t peak_memory_bytes = 0;
  std::string precision = "fp32";             ///< of the encoder
  std::optional<double> precision_agreement;  ///< share of a sample's labels as in fp32, where it was measured
  std::vector<double> presence_shift;         ///< per class, in widths: by which the slide's scores of presence lie above those of other
                                              ///< patients, and its thresholds were moved; empty: not known
  bool crf = false;                           ///< labels after a dense CRF
  StainRecord stain;
  FitRecord fit;  ///< no tiles in files of older versions
  std::vector<std::string> warnings;
  std::map<std::string, std::string> versions;
  std::map<std::string, std::int64_t> files;  ///< what follows the stem in a file's name (".h5") to its bytes; empty in older versions
  std::map<std::string, std::string> hashes;  ///< the same files to their SHA-256; empty in older versions
};

/// A part of a slide's tissue.
struct TissueShare {
  std::string name;
  std::uint8_t value = 0;  ///< in the label pyramid
  double share = 0;        ///< of tissue_pixels
};
/// The shares of a slide's tissue, for all places that show percentages: the classes in their order, "no class", and "unreadable" where
/// there is any. Their sum is 1. Empty where there is no tissue. Thread-safe.
std::vector<TissueShare> tissue_shares(const SlideStatistics& statistics);

/// A hand may have edited the file that they come from: throws Error, in one line, for figures that are impossible.
void validate(const SlideStatistics& statistics);

}  // namespace wsi_lpd::output
