#pragma once
#include <cstddef>
#include <filesystem>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/output/region_table.hpp"

namespace wsi_lpd::output {

/// A script has at most so many points, of the largest regions: a browser must hold them all.
inline constexpr std::size_t kMostOutlinePoints = 3'000'000;

/// A measured region and its polygons, in level-0 pixels from the top left of the slide's bounds; none where they are not known.
struct OutlinedRegion {
  const MeasuredRegion* figures = nullptr;
  const std::vector<core::Polygon>* polygons = nullptr;
};

/// Writes regions and their hot spots as the script that viewer_regions.js reads: a call of wsiRegions(), as pages from disk may not read
/// other files. Corners are rounded to whole `unit`s (level-0 pixels), and those that then lie on a straight line left out. Returns how
/// many regions with polygons were left out, the smallest ones, because of `most_points`. Throws Error (path and reason). Thread-safe.
std::size_t write_region_outlines(const std::filesystem::path& path, const std::vector<OutlinedRegion>& regions,
                                  const core::ClassScheme& classes, double unit, std::size_t most_points = kMostOutlinePoints);

}  // namespace wsi_lpd::output
