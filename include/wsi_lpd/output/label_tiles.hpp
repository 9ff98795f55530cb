#pragma once
#include <filesystem>
#include <string>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::output {

/// Tiles of one level of a label pyramid.
struct LabelLevel {
  core::Size size;        ///< pixels
  std::string has_label;  ///< '1' for each tile with a label, '0' for one of zeros alone, which has no file; row by row
};

/// Cuts one level of a label raster (0 its first page, …) into tiles of `side` pixels as FOLDER/COLUMN_ROW.js: a grey PNG handed to the
/// page by a call, because a page opened from disk may not read the pixels of an image file. Throws Error with the path and
/// the reason. Thread-safe for different folders.
LabelLevel write_label_tiles(const std::filesystem::path& raster, int level, int side, const std::filesystem::path& folder);

}  // namespace wsi_lpd::output
