#pragma once
// Private to pipeline/: the metadata of a slide's rasters.
#include <filesystem>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/image/raster_writer.hpp"

namespace wsi_lpd::pipeline::segment {

/// Options of the label pyramid; with `ome` as OME-TIFF.
image::PyramidOptions label_pyramid_options(const core::Frame& frame, const core::ClassScheme& classes, const std::filesystem::path& slide,
                                            bool ome);

/// Options of the pyramid of class maps, one plane per class. A pixel is a cell of `cell` × `cell` output pixels.
image::PyramidOptions probability_pyramid_options(const core::Frame& frame, int cell, const core::ClassScheme& classes,
                                                  const std::filesystem::path& slide);

}  // namespace wsi_lpd::pipeline::segment
