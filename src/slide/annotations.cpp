#include "wsi_lpd/slide/annotations.hpp"

#include <utility>

#include "geojson_regions.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::slide {

Annotations read_annotations(const std::filesystem::path& path) {
  GeoJsonRegions file = read_geojson_regions(path);
  Annotations annotations;
  for (std::size_t i = 0; i < file.regions.size(); ++i) {
    GeoJsonRegion& region = file.regions[i];
    if (region.is_ignored()) {
      for (core::Polygon& polygon : region.polygons) annotations.ignored.push_back(std::move(polygon));
    } else if (!region.polygons.empty()) {
      annotations.regions.push_back({i + 1, region.id, region.name, region.class_name(), std::move(region.polygons)});
    }
  }
  if (annotations.regions.empty())
    throw core::Error(path.string() + ": has no region: polygons are wanted" + (file.left_out.empty() ? "" : " (" + file.left_out + ")"));
  if (!file.left_out.empty()) annotations.warnings.push_back(path.string() + ": " + file.left_out);
  return annotations;
}

}  // namespace wsi_lpd::slide
