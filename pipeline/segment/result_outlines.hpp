#pragma once
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::segment {

/// Traces the regions of a finished label pyramid on the level nearest to options.geojson_mpp (the eighth where µm/px is unknown; the
/// smallest there is) and writes them as GeoJSON. Memory: a row of the level's tiles and what OutlineTracer says.
void write_outlines(const std::filesystem::path& pyramid, const std::filesystem::path& geojson, const core::Frame& frame,
                    const core::ClassScheme& classes, const SegmentOptions& options);

}  // namespace wsi_lpd::pipeline::segment
