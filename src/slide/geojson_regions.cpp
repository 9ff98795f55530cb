#include "geojson_regions.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/exception_text.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/region_mark.hpp"

namespace wsi_lpd::slide {
namespace {

using Json = nlohmann::json;

constexpr double kFarthest = 1e12;  ///< pixels; sums and products of such numbers are finite

/// What is wrong is said from inside out: `in_context` of the callers adds feature and file.
const Json& member(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) throw core::Error(std::string("it has no \"") + key + "\"");
  return object.at(key);
}

std::string type_of(const Json& object) {
  const Json& type = member(object, "type");
  if (!type.is_string()) throw core::Error("its \"type\" is not a text");
  return type.get<std::string>();
}

const Json& array(const Json& json, const char* what) {
  if (!json.is_array()) throw core::Error(std::string("its ") + what + " are not a list");
  return json;
}

core::Ring read_ring(const Json& json) {
  core::Ring ring;
  for (const Json& position : array(json, "coordinates")) {
    if (!position.is_array() || position.size() < 2 || !position[0].is_number() || !position[1].is_number())
      throw core::Error("point " + std::to_string(ring.size() + 1) + " of an outline is not a pair of numbers");
    ring.push_back({position[0].get<double>(), position[1].get<double>()});
    for (const double coordinate : {ring.back().x, ring.back().y}) {
      if (std::abs(coordinate) > kFarthest)
        throw core::Error("point " + std::to_string(ring.size()) + " of an outline lies at " + core::shortest(coordinate) +
                          ", beyond all slides: coordinates are level-0 pixels");
    }
  }
  return ring;
}

/// The polygons of one feature, and whether something in it had no area.
struct Geometry {
  std::vector<core::Polygon> polygons;
  bool incomplete = false;
};

void read_polygon(const Json& json, Geometry& geometry) {
  core::Polygon polygon;
  for (const Json& coordinates : array(json, "coordinates")) {
    core::Ring ring = read_ring(coordinates);
    if (has_area(ring)) {
      polygon.push_back(std::move(ring));
    } else {
      geometry.incomplete = true;
      if (polygon.empty()) return;  // holes of nothing
    }
  }
  if (polygon.empty()) {
    geometry.incomplete = true;
  } else {
    geometry.polygons.push_back(std::move(polygon));
  }
}

void read_geometry(const Json& json, Geometry& geometry, bool nested = false) {
  const std::string type = type_of(json);
  const auto parts = [&](const char* key) -> const Json& {
    const Json& list = array(member(json, key), key);
    geometry.incomplete |= list.empty();
    return list;
  };
  if (type == "Polygon") {
    read_polygon(member(json, "coordinates"), geometry);
  } else if (type == "MultiPolygon") {
    for (const Json& polygon : parts("coordinates")) read_polygon(polygon, geometry);
  } else if (type == "GeometryCollection" && !nested) {
    for (const Json& part : parts("geometries")) read_geometry(part, geometry, true);
  } else if (type == "Point" || type == "MultiPoint" || type == "LineString" || type == "MultiLineString") {
    geometry.incomplete = true;
  } else {
    throw core::Error("its geometry is of the type \"" + type + "\", which GeoJSON does not have: curves must become polygons");
  }
}

/// {"names": ["Tumor", "Positive"]} or, from older versions, {"name": "Tumor: Positive"}.
std::vector<std::string> classes_of(const Json& feature) {
  const Json::json_pointer classification("/properties/classification");
  std::vector<std::string> classes;
  if (!feature.contains(classification)) return classes;
  const Json& json = feature.at(classification);
  const auto add = [&](const Json& name) {
    if (!name.is_string()) throw core::Error("the name of its class is not a text");
    if (!name.get<std::string>().empty()) classes.push_back(name.get<std::string>());
  };
  if (json.contains("names")) {
    for (const Json& name : array(json.at("names"), "classes' names")) add(name);
  } else if (json.contains("name") && !json.at("name").is_null()) {
    add(json.at("name"));
    if (classes.empty()) return classes;
    std::string rest = classes.front();
    classes.clear();
    for (std::size_t at = 0; (at = rest.find(": ")) != std::string::npos; rest.erase(0, at + 2)) classes.push_back(rest.substr(0, at));
    classes.push_back(rest);
  }
  return classes;
}

/// A text, or a number as text; empty for all else.
std::string text_of(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  return json.is_number() ? json.dump() : std::string();
}

/// {"Perimeter µm": 7} or, from older versions, [{"name": "Perimeter µm", "value": 7}].
bool has_perimeter(const Json& feature) {
  const Json::json_pointer place("/properties/measurements");
  if (!feature.contains(place)) return false;
  const Json& measurements = feature.at(place);
  const auto is_perimeter = [](const Json& name) { return name == "Perimeter µm" || name == "Perimeter px"; };
  if (!measurements.is_array()) return measurements.contains("Perimeter µm") || measurements.contains("Perimeter px");
  return std::any_of(measurements.begin(), measurements.end(),
                     [&](const Json& each) { return each.is_object() && is_perimeter(each.value("name", Json())); });
}

GeoJsonRegion read_feature(const Json& json, bool& incomplete) {
  Geometry geometry;
  GeoJsonRegion region;
  const bool is_feature = type_of(json) == "Feature";
  const Json& place = is_feature ? member(json, "geometry") : json;
  if (place.is_null()) {
    geometry.incomplete = true;
  } else {
    read_geometry(place, geometry);
  }
  if (is_feature) {
    region.classes = classes_of(json);
    region.id = text_of(json.value("id", Json()));
    const Json::json_pointer name("/properties/name");
    if (json.contains(name)) region.name = text_of(json.at(name));
    const Json::json_pointer locked("/properties/isLocked");
    region.locked = json.contains(locked) && json.at(locked) == true;
    region.measured = has_perimeter(json);
  }
  region.polygons = std::move(geometry.polygons);
  incomplete = geometry.incomplete;
  return region;
}

std::vector<std::string> numbers_of(const std::vector<std::size_t>& features) {
  std::vector<std::string> numbers;
  numbers.reserve(features.size());
  for (const std::size_t feature : features) numbers.push_back(std::to_string(feature + 1));
  return numbers;
}

std::string left_out_line(const std::vector<std::size_t>& features) {
  if (features.empty()) return {};
  const bool one = features.size() == 1;
  return std::to_string(features.size()) + (one ? " feature has" : " features have") +
         " parts without an area (points, lines, outlines that enclose nothing), which are left out: " + (one ? "number " : "numbers ") +
         core::joined_first(numbers_of(features));
}

}  // namespace

bool GeoJsonRegion::is_persons() const { return locked || id != core::region_mark(class_name(), polygons); }

/// Parts of an outline that are gone both ways enclose none; what remains of it does
/// if it does not all lie on one line. (The signed area would not do: that of an 8 is 0.)
bool has_area(const core::Ring& ring) {
  using Side = std::array<double, 4>;
  std::vector<Side> sides;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const core::Point &a = ring[i], &b = ring[(i + 1) % ring.size()];
    const std::array from{a.x, a.y}, to{b.x, b.y};
    if (from != to) sides.push_back(from < to ? Side{a.x, a.y, b.x, b.y} : Side{b.x, b.y, a.x, a.y});
  }
  std::sort(sides.begin(), sides.end());
  std::vector<Side> single;
  for (const Side& side : sides) {
    if (!single.empty() && single.back() == side) {
      single.pop_back();
    } else {
      single.push_back(side);
    }
  }
  if (single.empty()) return false;
  const double x = single.front()[0], y = single.front()[1], dx = single.front()[2] - x, dy = single.front()[3] - y;
  constexpr double kRounding = 1e-9;  // pixels
  return std::any_of(single.begin(), single.end(), [&](const Side& side) {
    const auto distance = [&](double px, double py) { return std::abs(dx * (py - y) - dy * (px - x)) / std::hypot(dx, dy); };
    return distance(side[0], side[1]) > kRounding || distance(side[2], side[3]) > kRounding;
  });
}

Json read_features(const std::filesystem::path& path) {
  const std::string text = core::read_text_file(path);
  if (core::is_deep_json(text)) throw core::Error("is not GeoJSON (lists or objects stand in each other more than 100 deep)");
  try {
    Json json = Json::parse(text);
    if (json.is_array()) return json;
    if (!json.is_object() || json.value("type", Json()) != "FeatureCollection") return Json::array({std::move(json)});
    array(member(json, "features"), "features");
    return std::move(json["features"]);
  } catch (const Json::exception& error) {
    throw core::Error("is not GeoJSON (" + core::exception_text(error) + ")");
  }
}

GeoJsonRegions regions_of(const Json& features) {
  GeoJsonRegions result;
  std::vector<std::size_t> incomplete;
  for (std::size_t i = 0; i < features.size(); ++i) {
    bool is_incomplete = false;
    const std::string feature = "feature " + std::to_string(i + 1);
    try {
      result.regions.push_back(core::with_context(feature, [&] { return read_feature(features[i], is_incomplete); }));
    } catch (const Json::exception& error) {
      throw core::Error(feature + ": is not GeoJSON (" + core::exception_text(error) + ")");
    }
    if (is_incomplete) incomplete.push_back(i);
  }
  result.left_out = left_out_line(incomplete);
  return result;
}

GeoJsonRegions read_geojson_regions(const std::filesystem::path& path) {
  return core::with_context(path.string(), [&] { return regions_of(read_features(path)); });
}

void refuse_without_marks(const GeoJsonRegions& file) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < file.regions.size(); ++i) {
    const GeoJsonRegion& region = file.regions[i];
    if (region.measured && !region.locked && !core::is_region_mark(region.id)) found.push_back(i);
  }
  if (found.empty()) return;
  throw core::Error((found.size() == 1 ? "1 region that segment found has no mark"
                                       : std::to_string(found.size()) + " regions that segment found have no marks") +
                    " of `wsi-lpd correct`, so what a person changed can't be told (features " + core::joined_first(numbers_of(found)) +
                    "): start from a file that it exported and QuPath 0.4 or later, or lock what a person has checked in QuPath");
}

}  // namespace wsi_lpd::slide
