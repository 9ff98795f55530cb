#pragma once
// Private to src/slide: areas of a GeoJSON file as QuPath exports it.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace wsi_lpd::slide {

struct RegionPoint {
  double x = 0, y = 0;  ///< as in the file: level-0 pixels from the top left of the slide's bounds
};
using RegionRing = std::vector<RegionPoint>;
using RegionPolygon = std::vector<RegionRing>;  ///< outline and holes: together they are filled by the even-odd rule

/// One feature. Points and lines have no polygons.
struct GeoJsonRegion {
  std::vector<RegionPolygon> polygons;
  std::optional<std::string> class_name;  ///< QuPath's classification
  /// QuPath marks by the class "Ignore*" what is to be left out. (Its "Region*" is an ordinary region.)
  bool is_ignored() const { return class_name && class_name->starts_with("Ignore"); }
};

/// All features of a file, in its order. Throws Error with the file, the feature (counted from 1) and the reason.
std::vector<GeoJsonRegion> read_geojson_regions(const std::filesystem::path& path);

}  // namespace wsi_lpd::slide
