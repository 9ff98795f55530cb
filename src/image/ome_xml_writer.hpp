#pragma once
// Private to src/image.
#include <optional>
#include <string>

#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/image/raster_writer.hpp"

namespace wsi_lpd::image {

/// OME-XML of the schema 2016-06 for planes of `size` 8-bit pixels, page c of the TIFF being channel c; `mpp` 0: unknown.
/// `comment` (UTF-8) comes back from ome_comment().
std::string write_ome_xml(const OmeMetadata& metadata, core::Size size, double mpp, const std::string& comment);
/// The comment that write_ome_xml() put into an OME-XML; nothing where there is none.
std::optional<std::string> ome_comment(const std::string& xml);

}  // namespace wsi_lpd::image
