#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "wsi_lpd/core/tissue_mask.hpp"
#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::slide {

/// Longest side of a mask made of regions, pixels; a mask is never finer than level 0.
inline constexpr std::int64_t kRegionMaskSide = 4096;

/// Is it GeoJSON, by its name (.geojson or .json)?
bool is_region_file(const std::filesystem::path& path);

/// Regions of a GeoJSON file as QuPath exports it: a FeatureCollection, an array of features, one feature or a bare geometry; Polygon,
/// MultiPolygon and collections of them, with holes. Coordinates are level-0 pixels from the top left of the slide's bounds, which is what
/// QuPath counts from. Regions are united; those that QuPath's class "Ignore*" marks are cut out of the rest. Points and lines have no area
/// and are left out, and so are polygons and holes without one (fewer than three different points, all on one line, no coordinates);
/// `warnings` gets one line that counts them. Open outlines are closed. A mask pixel is inside where its centre is, by the even-odd rule.
/// The mask covers the regions' common box within the slide's bounds. Throws Error with the file, the feature (counted from 1) and the
/// reason: not JSON, not GeoJSON, no region, or all outside of the slide. Thread-safe.
core::TissueMask tissue_from_regions(const std::filesystem::path& path, const Properties& slide,
                                     std::vector<std::string>* warnings = nullptr);

}  // namespace wsi_lpd::slide
