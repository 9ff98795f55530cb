#pragma once
#include <string>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::core {

/// The nearest multiple of a quarter pixel: exact in two decimals, and as a float up to four million pixels.
double quarter_pixel(double coordinate);

/// The mark of a region: its id in files that a person is to correct, as a UUID of version 8. It depends on the name of its class and on
/// its geometry alone, so it tells whether either was changed since. It is the same for coordinates of one quarter_pixel(), wherever a ring
/// starts, in which direction it goes, with or without points on straight lines and repeated points (QuPath drops some, GeoJSON repeats the
/// first at the end), and for any order of holes and polygons. Coordinates are level-0 pixels, of less than 1e18. Thread-safe.
std::string region_mark(const std::string& class_name, const std::vector<Polygon>& polygons);

/// Has `id` the form of a mark? Other programs give ids of other versions (QuPath: 4).
bool is_region_mark(const std::string& id);

}  // namespace wsi_lpd::core
