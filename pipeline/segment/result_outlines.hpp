#pragma once
#include "wsi_lpd/pipeline/segment/segment.hpp"

namespace wsi_lpd::pipeline::segment {

/// Traces the regions of a finished label pyramid and writes them as GeoJSON. The level is the one nearest to options.geojson_mpp; if µm/px
/// is unknown, that with an eighth of the resolution; at most the smallest. Memory: a row of the level's tiles, and that of OutlineTracer.
void write_outlines(const std::filesystem::path& pyramid, const std::filesystem::path& geojson, const core::Frame& frame,
                    const core::ClassScheme& classes, const SegmentOptions& options);

}  // namespace wsi_lpd::pipeline::segment
