#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "result_raster.hpp"
#include "wsi_lpd/pipeline/compare.hpp"

namespace wsi_lpd::pipeline {

/// Where pixel edges of a raster lie on the slide, along one axis: level0 = offset + scale · x.
struct Axis {
  double offset = 0, scale = 1;
};

/// A raster of labels that is read once, from top to bottom, whatever file it comes from.
struct LabelRows {
  static constexpr std::uint8_t kLeftOut = 255;

  Size size;
  Axis x, y;
  std::function<void(std::span<std::uint8_t>)> read;  ///< next row: 0…C−1 classes, C background, kLeftOut. Throws Error.
  std::string note;                                   ///< how its values are read, where nobody said it
};

/// A result's raster. `description` is what describe_result says of it; without one it covers level 0 pixel by pixel.
LabelRows result_rows(const std::filesystem::path& raster, const std::optional<ResultRaster>& description, const ClassScheme& classes);

/// A truth for that result: another result, another raster of the same part of the slide, or GeoJSON.
LabelRows truth_rows(const std::filesystem::path& truth, const LabelRows& result, const std::optional<ResultRaster>& description,
                     const ClassScheme& classes, const CompareOptions& options);

}  // namespace wsi_lpd::pipeline
