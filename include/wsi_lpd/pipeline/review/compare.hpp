#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/raster/boundary_score.hpp"
#include "wsi_lpd/raster/confusion_matrix.hpp"

namespace wsi_lpd::pipeline::review {

/// What the pixel values of a label raster mean.
enum class LabelValues {
  Patches,  ///< 0…C−1 classes, C (or more) background: masks of patches, truths of slides
  Results,  ///< 0 not tissue, 1…C classes, 254 unreadable: what `segment` writes
};

struct CompareOptions {
  std::vector<std::string> classes{};         ///< names of the result's values 1, 2, …; empty: as the result says
  std::optional<LabelValues> truth_values{};  ///< of a truth that `segment` did not write; nothing: as patches' masks
  bool outside_is_background = true;          ///< of GeoJSON: what is outside of all regions is background, else left out
  double boundary_um = 0;                     ///< tolerance of the boundary score; 0: it is not worked out
  std::int64_t picture_side = 0;              ///< longest side of Comparison's pictures; 0: none
};

struct Comparison {
  core::ClassScheme classes{};
  raster::ConfusionMatrix matrix{0};
  std::int64_t left_out = 0;                       ///< pixels that either raster calls unreadable, or the truth leaves out
  std::vector<raster::BoundaryCounts> boundary{};  ///< [C]; empty where no tolerance was given
  /// The truth's grid at a smaller size, nearest: 0…C−1 classes, C background, 255 left out. Empty where no picture was asked for.
  core::Image truth{}, result{};
  double picture_mpp = 0;  ///< µm per pixel of the two; 0 when unknown
  std::string note{};      ///< how the truth was read, where nobody said it
  std::string warning{};   ///< why the truth may be of something else
};

/// Compares a result's label raster with a truth: labels as PNG or TIFF, GeoJSON with QuPath's classes, or another result. The truth may
/// have another resolution: result pixels are looked up at the centres of the truth's pixels, through the result's level-0 frame; GeoJSON
/// is drawn on the result's own pixels. Classes of another result are matched by name, those of other rasters by value; where an indexed or
/// RGB truth shows the classes' colours and nobody gave `truth_values`, by colour. The observer hears of it. Memory: rows, those within the
/// tolerance as well, and GeoJSON's points. Throws Error when sizes can't belong together, values or classes are unknown.
Comparison compare_labels(const std::filesystem::path& result, const std::filesystem::path& truth, const CompareOptions& options,
                          const core::Work& work);

struct ComparedSlide {
  std::string slide;  ///< as the result's statistics have it
  Comparison comparison;
};

struct FolderComparison {
  std::vector<ComparedSlide> slides;
  Comparison total;                             ///< counts of all slides added up
  std::map<std::string, std::string> failures;  ///< slide to reason
  std::vector<std::string> without_truth;       ///< slides of the result's folder that the other has nothing for
};

/// Compares all complete results of a folder with those of another folder of results (the same slide: by name, size and modification time)
/// or, where that holds none, with truths named as the results: NAME.geojson, NAME.png, NAME.labels.png, NAME.labels.tif. One slide's
/// failure stops no other. Throws UsageError: no folder, nothing to compare; Cancelled.
FolderComparison compare_folders(const std::filesystem::path& results, const std::filesystem::path& truths, const CompareOptions& options,
                                 const core::Work& work);

}  // namespace wsi_lpd::pipeline::review
