#include "geojson_regions.hpp"

#include <nlohmann/json.hpp>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::slide {
namespace {

using Json = nlohmann::json;

/// What is wrong is said from inside out: `in_context` of the callers adds feature and file.
const Json& member(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) throw Error(std::string("it has no \"") + key + "\"");
  return object.at(key);
}

std::string type_of(const Json& object) {
  const Json& type = member(object, "type");
  if (!type.is_string()) throw Error("its \"type\" is not a text");
  return type.get<std::string>();
}

const Json& array(const Json& json, const char* what) {
  if (!json.is_array()) throw Error(std::string("its ") + what + " are not a list");
  return json;
}

RegionRing read_ring(const Json& json) {
  RegionRing ring;
  for (const Json& position : array(json, "coordinates")) {
    if (!position.is_array() || position.size() < 2 || !position[0].is_number() || !position[1].is_number())
      throw Error("point " + std::to_string(ring.size() + 1) + " of an outline is not a pair of numbers");
    ring.push_back({position[0].get<double>(), position[1].get<double>()});
  }
  if (ring.size() < 3) throw Error("an outline has " + std::to_string(ring.size()) + " points, and an area needs three");
  return ring;
}

RegionPolygon read_polygon(const Json& json) {
  RegionPolygon polygon;
  for (const Json& ring : array(json, "coordinates")) polygon.push_back(read_ring(ring));
  if (polygon.empty()) throw Error("a polygon has no outline");
  return polygon;
}

void read_geometry(const Json& geometry, std::vector<RegionPolygon>& polygons, bool nested = false) {
  const std::string type = type_of(geometry);
  if (type == "Polygon") {
    polygons.push_back(read_polygon(member(geometry, "coordinates")));
  } else if (type == "MultiPolygon") {
    for (const Json& polygon : array(member(geometry, "coordinates"), "coordinates")) polygons.push_back(read_polygon(polygon));
  } else if (type == "GeometryCollection" && !nested) {
    for (const Json& part : array(member(geometry, "geometries"), "geometries")) read_geometry(part, polygons, true);
  } else if (type != "Point" && type != "MultiPoint" && type != "LineString" && type != "MultiLineString") {
    throw Error("its geometry is of the unknown type \"" + type + "\"");
  }
}

std::optional<std::string> class_of(const Json& feature) {
  const Json::json_pointer name("/properties/classification/name");
  if (!feature.contains(name) || !feature.at(name).is_string()) return {};
  return feature.at(name).get<std::string>();
}

GeoJsonRegion read_feature(const Json& json) {
  GeoJsonRegion region;
  if (type_of(json) != "Feature") {
    read_geometry(json, region.polygons);
  } else if (const Json& geometry = member(json, "geometry"); !geometry.is_null()) {
    read_geometry(geometry, region.polygons);
    region.class_name = class_of(json);
  }
  return region;
}

std::vector<GeoJsonRegion> read_regions(const Json& json) {
  const bool collection = json.is_object() && json.value("type", Json()) == "FeatureCollection";
  const bool single = !collection && !json.is_array();
  const Json& features = collection ? array(member(json, "features"), "features") : json;
  std::vector<GeoJsonRegion> regions;
  for (std::size_t i = 0; i < (single ? 1 : features.size()); ++i)
    regions.push_back(with_context("feature " + std::to_string(i + 1), [&] { return read_feature(single ? json : features[i]); }));
  return regions;
}

}  // namespace

std::vector<GeoJsonRegion> read_geojson_regions(const std::filesystem::path& path) {
  const std::string text = read_text_file(path);
  return with_context(path.string(), [&] {
    try {
      return read_regions(Json::parse(text));
    } catch (const Json::exception& error) {
      throw Error("is not GeoJSON (" + std::string(error.what()) + ")");
    }
  });
}

}  // namespace wsi_lpd::slide
