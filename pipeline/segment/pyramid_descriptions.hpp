#pragma once
// Private to pipeline/: what the rasters of a slide say of themselves.
#include <filesystem>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/image/raster_writer.hpp"

namespace wsi_lpd::pipeline::segment {

/// Of the label pyramid; with `ome` as OME-TIFF.
image::PyramidOptions label_pyramid_options(const core::Frame& frame, const core::ClassScheme& classes, const std::filesystem::path& slide,
                                            bool ome);

/// Of a pyramid of the classes' maps, a plane each, whose pixels are cells of `cell` x `cell` output pixels.
image::PyramidOptions probability_pyramid_options(const core::Frame& frame, int cell, const core::ClassScheme& classes,
                                                  const std::filesystem::path& slide);

}  // namespace wsi_lpd::pipeline::segment
