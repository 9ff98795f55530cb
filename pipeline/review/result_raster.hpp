#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::pipeline::review {

/// A label pyramid of `segment`, by what it says of itself.
struct ResultRaster {
  std::filesystem::path path;
  std::string slide;          ///< file name
  core::ClassScheme classes;  ///< colours as the statistics beside it have them, else the default ones
  core::Rect bounds;          ///< level-0
  double scale = 1;           ///< level-0 pixels per output pixel
  double mpp = 0;             ///< µm per output pixel; 0 when unknown
};

/// Nothing for a raster of another program. What its description does not say is taken from the statistics beside it. Throws Error when
/// the file can't be read, or when it is ours and damaged by hand.
std::optional<ResultRaster> describe_result(const std::filesystem::path& raster);

/// The label pyramid of `slide` among a folder's complete results: of a slide of that name, size and modification time. Throws Error: there
/// is none, more than one, or one of another slide of that name only.
std::filesystem::path find_result(const output::ResultFolder& results, const std::filesystem::path& slide);

}  // namespace wsi_lpd::pipeline::review
