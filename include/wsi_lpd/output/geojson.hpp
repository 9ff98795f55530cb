#pragma once
#include <filesystem>
#include <memory>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/raster/outlines.hpp"

namespace wsi_lpd::output {

/// `slide.geojson`: regions as annotations of QuPath, in its frame: level-0 pixels from the top left of the slide's bounds (docs/outputs.md
/// has the layout). Regions are written one by one: memory does not grow with their number. The file appears under its name at finish();
/// destroyed before, it leaves nothing. Not thread-safe.
class GeoJsonFile {
 public:
  /// `pixel` (output pixels) is the side of the raster's pixels that outlines were traced on: coordinates are rounded to less than a
  /// hundredth of it.
  GeoJsonFile(const std::filesystem::path& path, const core::Frame& frame, const core::ClassScheme& classes, double pixel);
  GeoJsonFile(GeoJsonFile&&) noexcept;
  ~GeoJsonFile();
  /// An outline in output pixels. Throws Error (path and reason), also when the disk is full.
  void add(const raster::Outline& outline);
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::output
