#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::pipeline::review {

/// The metadata of a label pyramid that `segment` wrote.
struct ResultRaster {
  std::filesystem::path path;
  std::string slide;          ///< file name of the slide
  core::ClassScheme classes;  ///< colours from the statistics beside the pyramid, else the default colours
  core::Rect bounds;          ///< level-0 pixels
  double scale = 1;           ///< level-0 pixels per output pixel
  double mpp = 0;             ///< µm per output pixel; 0 when unknown
};

/// Reads the metadata; nothing for a raster of another program. Facts that the pyramid's description lacks are taken from the statistics
/// beside it. Throws Error when the file can't be read, or its description is damaged.
std::optional<ResultRaster> describe_result(const std::filesystem::path& raster);

/// What the names of a result's files have in common, of its label pyramid: NAME of NAME.tif and NAME.ome.tif.
std::filesystem::path stem_of_raster(const std::filesystem::path& raster);

/// Are the statistics and the label pyramid of a result there?
bool is_result(const std::filesystem::path& stem);

/// The stem of a complete result of which `result` is the stem, the label pyramid or the statistics. Throws UsageError: none is there.
std::filesystem::path stem_of_result(const std::filesystem::path& result);

/// The label pyramid of `slide` among the complete results of a folder: name, size and modification time of the slide must agree. Throws
/// Error: no such result, several, or only one of another slide with that name.
std::filesystem::path find_result(const output::ResultFolder& results, const std::filesystem::path& slide);

}  // namespace wsi_lpd::pipeline::review
