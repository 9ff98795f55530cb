#pragma once
#include <filesystem>
#include <optional>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/metrics.hpp"
#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::pipeline {

/// What the pixel values of a label raster mean.
enum class LabelValues {
  Patches,  ///< 0…C−1 classes, C (or more) background: masks of patches, truths of slides
  Results,  ///< 0 not tissue, 1…C classes, 254 unreadable: what `segment` writes
};

struct Comparison {
  ConfusionMatrix matrix;
  std::int64_t unreadable = 0;  ///< pixels left out because either raster calls them unreadable
  LabelValues truth_values;     ///< as given or found
};

/// The class names that a result of ours carries in its description; nothing for other files.
std::optional<ClassScheme> result_classes(const std::filesystem::path& raster);

/// Compares a result raster with a pixel truth (PNG or TIFF labels). The truth may have another resolution: result pixels are looked up at
/// the centres of the truth's pixels, through the result's level-0 frame. Without `truth_values` a truth that `segment` wrote is read as
/// such, any other as patches' masks. Throws Error when sizes can't belong together or values are out of range.
Comparison compare_labels(const std::filesystem::path& result, const std::filesystem::path& truth, int classes,
                          std::optional<LabelValues> truth_values, ProgressObserver& observer, const CancelFlag& cancel);

}  // namespace wsi_lpd::pipeline
