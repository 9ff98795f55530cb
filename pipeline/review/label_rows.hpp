#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "result_raster.hpp"
#include "wsi_lpd/pipeline/review/compare.hpp"
#include "wsi_lpd/pipeline/training/label_palette.hpp"

namespace wsi_lpd::pipeline::review {

/// Where pixel edges of a raster lie on the slide, along one axis: level0 = offset + scale · x.
struct Axis {
  double offset = 0, scale = 1;
};

/// A raster of labels that is read once, from top to bottom, whatever file it comes from.
struct LabelRows {
  static constexpr std::uint8_t kLeftOut = training::kLeftOutLabel;

  core::Size size;
  Axis x, y;
  std::function<void(std::span<std::uint8_t>)> read;  ///< next row: 0…C−1 classes, C background, kLeftOut. Throws Error.
  std::string warning{};                              ///< why it may be the truth of something else
  std::string note;                                   ///< how its values are read, where nobody said it
  std::vector<std::string> warnings{};                ///< what was left out of its file
};

/// A result's raster. `description` is what describe_result says of it; without one it covers level 0 pixel by pixel.
LabelRows result_rows(const std::filesystem::path& raster, const std::optional<ResultRaster>& description,
                      const core::ClassScheme& classes);

/// A truth for that result: another result, another raster of the same part of the slide, or GeoJSON. What its palette says goes into
/// `palettes`.
LabelRows truth_rows(const std::filesystem::path& truth, const LabelRows& result, const std::optional<ResultRaster>& description,
                     const core::ClassScheme& classes, const CompareOptions& options, training::PaletteTally& palettes);

/// compare_labels() of one slide out of many: what palettes say goes into `palettes` instead of to the observer.
Comparison compare_labels(const std::filesystem::path& result, const std::filesystem::path& truth, const CompareOptions& options,
                          training::PaletteTally& palettes, const core::Work& work);
/// Tells it.
void tell(const training::PaletteTally& palettes, const CompareOptions& options, core::ProgressObserver& observer);

}  // namespace wsi_lpd::pipeline::review
