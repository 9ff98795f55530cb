#pragma once
// Private to src/slide: areas of a GeoJSON file as QuPath exports it.
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::slide {

/// One feature. Points and lines have no polygons.
struct GeoJsonRegion {
  /// An outline, then its holes. Coordinates are the file's: level-0 pixels from the top left of the slide's bounds.
  std::vector<core::Polygon> polygons;
  std::string id;    ///< QuPath's, a UUID; empty where there is none
  std::string name;  ///< that a person gave it; empty where there is none
  /// QuPath's classification, from the general to the particular: "Tumor", "Positive". Empty where there is none.
  std::vector<std::string> classes;
  bool locked = false;    ///< QuPath's lock
  bool measured = false;  ///< it has a perimeter, which segment writes and QuPath does not
  bool is_classified() const { return !classes.empty(); }
  /// As QuPath shows it: "Tumor: Positive".
  std::string class_name() const { return core::joined(classes, ": "); }
  /// QuPath marks by the class "Ignore*" what is to be left out. (Its "Region*" is an ordinary region.)
  bool is_ignored() const { return is_classified() && classes.front().starts_with("Ignore"); }
  /// A person's: drawn or changed since it was exported for correction (core::region_mark), or confirmed by a lock.
  bool is_persons() const;
};

struct GeoJsonRegions {
  std::vector<GeoJsonRegion> regions;  ///< in the file's order, those without a polygon, too
  std::string left_out;                ///< one line: how many features have no area or in part none, and which; empty for none
};

/// Does an outline enclose an area by the even-odd rule?
bool has_area(const core::Ring& ring);

/// The features of a file as they stand in it, as a list. Throws Error (the reason alone): not JSON, no collection of features.
nlohmann::json read_features(const std::filesystem::path& path);
/// What they are. Polygons and holes without an area (fewer than three different points, all on one line, an outline that goes back the way
/// it came) are left out; outlines that do not end where they begin are closed. Throws Error with the feature (counted from 1) and the
/// reason: not GeoJSON.
GeoJsonRegions regions_of(const nlohmann::json& features);
/// Both at once. Throws Error with the file, too.
GeoJsonRegions read_geojson_regions(const std::filesystem::path& path);

/// Throws Error where regions that segment wrote never had a mark, or lost it, so that a person's changes can't be told.
void refuse_without_marks(const GeoJsonRegions& file);

}  // namespace wsi_lpd::slide
