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

/// The position of a raster's pixel edges on the slide, along one axis: level0 = offset + scale · x.
struct Axis {
  double offset = 0, scale = 1;
};

/// A label raster from any kind of file, read once from top to bottom. Not thread-safe.
struct LabelRows {
  static constexpr std::uint8_t kLeftOut = training::kLeftOutLabel;

  core::Size size;
  Axis x, y;
  std::function<void(std::span<std::uint8_t>)> read;  ///< reads the next row: 0…C−1 classes, C background, kLeftOut. Throws Error.
  std::string warning{};                              ///< why it may belong to another slide
  std::string note;                                   ///< how its values are read, when the options do not say
  std::vector<std::string> warnings{};                ///< content of the file that was left out
};

/// A result's raster. `description` is from describe_result; without it the raster is taken to cover level 0 pixel by pixel.
LabelRows result_rows(const std::filesystem::path& raster, const std::optional<ResultRaster>& description,
                      const core::ClassScheme& classes);

/// A truth for the result: another result, another raster of the same part of the slide, or GeoJSON. The reading of its palette is added to
/// `palettes`.
LabelRows truth_rows(const std::filesystem::path& truth, const LabelRows& result, const std::optional<ResultRaster>& description,
                     const core::ClassScheme& classes, const CompareOptions& options, training::PaletteTally& palettes);

/// compare_labels() for one slide of many: readings of palettes are added to `palettes` instead of reported.
Comparison compare_labels(const std::filesystem::path& result, const std::filesystem::path& truth, const CompareOptions& options,
                          training::PaletteTally& palettes, const core::Work& work);
/// Reports `palettes` to the observer.
void tell(const training::PaletteTally& palettes, const CompareOptions& options, core::ProgressObserver& observer);

}  // namespace wsi_lpd::pipeline::review
