#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/raster/boundary_score.hpp"
#include "wsi_lpd/raster/confusion_matrix.hpp"

namespace wsi_lpd::pipeline::review {

/// The meaning of the pixel values of a label raster.
enum class LabelValues {
  Patches,  ///< 0…C−1 classes, C (or more) background: masks of patches, truths of slides
  Results,  ///< 0 not tissue, 1…C classes, 254 unreadable: what `segment` writes
};

struct CompareOptions {
  std::vector<std::string> classes{};         ///< names of the result's values 1, 2, …; empty: the names that the result records
  std::optional<LabelValues> truth_values{};  ///< for a truth that `segment` did not write; not set: by the colours of the classes if the
                                              ///< truth has them, else as in masks of patches
  bool outside_is_background = true;          ///< GeoJSON: pixels outside all regions are background, else left out
  double boundary_um = 0;                     ///< tolerance of the boundary score, µm; 0: the score is not computed
  std::int64_t picture_side = 0;              ///< longest side of Comparison's pictures, pixels; 0: no pictures
};

struct Comparison {
  core::ClassScheme classes{};
  raster::ConfusionMatrix matrix{0};
  std::int64_t left_out = 0;  ///< pixels within the result that are unreadable in either raster, or that the truth leaves out
  std::vector<raster::BoundaryCounts> boundary{};  ///< [C]; empty without a tolerance
  /// Labels on the truth's grid, resampled (nearest neighbour) to the picture's size: 0…C−1 classes, C background, 255 left out. Empty
  /// without pictures.
  core::Image truth{}, result{};
  double picture_mpp = 0;  ///< µm per pixel of `truth` and `result`; 0 when unknown
  std::string note{};      ///< how the truth's values were read, when the options do not say
  std::string warning{};   ///< why the truth may belong to another slide
};

/// Compares a result's label raster with a truth: labels as PNG or TIFF, GeoJSON with QuPath's classes, or another result. Pixels are
/// counted on the truth's grid, which may have another resolution: the result's value is looked up at the centre of each truth pixel,
/// through the result's level-0 frame. GeoJSON is drawn on the result's own pixels.
/// Classes of another result are matched by name, those of other rasters by value. When `truth_values` is not set and an indexed or RGB
/// truth has the classes' colours, its values are matched by colour, and the observer is told.
/// Memory: a few rows, the rows within the tolerance, and the points of GeoJSON. Thread-safe. Throws Error when the sizes do not match, or
/// a value or class is unknown; UsageError when no class names are known; Cancelled.
Comparison compare_labels(const std::filesystem::path& result, const std::filesystem::path& truth, const CompareOptions& options,
                          const core::Work& work);

}  // namespace wsi_lpd::pipeline::review
