#include "wsi_lpd/slide/region_file.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::slide {
namespace {

using Json = nlohmann::json;

struct Point {
  double x = 0, y = 0;
};
using Ring = std::vector<Point>;
using Polygon = std::vector<Ring>;  ///< outline and holes: together they are filled by the even-odd rule

struct Region {
  std::vector<Polygon> polygons;
  bool cut_out = false;
};

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

Ring read_ring(const Json& json) {
  Ring ring;
  for (const Json& position : array(json, "coordinates")) {
    if (!position.is_array() || position.size() < 2 || !position[0].is_number() || !position[1].is_number())
      throw Error("point " + std::to_string(ring.size() + 1) + " of an outline is not a pair of numbers");
    ring.push_back({position[0].get<double>(), position[1].get<double>()});
  }
  if (ring.size() < 3) throw Error("an outline has " + std::to_string(ring.size()) + " points, and an area needs three");
  return ring;
}

Polygon read_polygon(const Json& json) {
  Polygon polygon;
  for (const Json& ring : array(json, "coordinates")) polygon.push_back(read_ring(ring));
  if (polygon.empty()) throw Error("a polygon has no outline");
  return polygon;
}

void read_geometry(const Json& geometry, std::vector<Polygon>& polygons, bool nested = false) {
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

/// QuPath marks by the class "Ignore*" what is to be left out. (Its "Region*" is an ordinary region.)
bool is_ignored(const Json& feature) {
  const Json::json_pointer name("/properties/classification/name");
  return feature.contains(name) && feature.at(name).is_string() && feature.at(name).get<std::string>().starts_with("Ignore");
}

Region read_feature(const Json& json) {
  Region region;
  if (type_of(json) != "Feature") {
    read_geometry(json, region.polygons);
  } else if (const Json& geometry = member(json, "geometry"); !geometry.is_null()) {
    read_geometry(geometry, region.polygons);
    region.cut_out = is_ignored(json);
  }
  return region;
}

std::vector<Region> read_regions(const Json& json) {
  const bool collection = json.is_object() && json.value("type", Json()) == "FeatureCollection";
  const Json features = collection ? array(member(json, "features"), "features") : json.is_array() ? json : Json::array({json});
  std::vector<Region> regions;
  for (std::size_t i = 0; i < features.size(); ++i)
    regions.push_back(with_context("feature " + std::to_string(i + 1), [&] { return read_feature(features[i]); }));
  return regions;
}

/// Fills `value` into the mask where a pixel's centre is inside of the polygon. `to_mask` maps a coordinate of the file to mask pixels.
template <class ToMask>
void fill(Image& mask, const Polygon& polygon, std::uint8_t value, ToMask to_mask) {
  // Where outlines cross the middle line of each row, from left to right: inside is between the first and the second, and so on.
  std::vector<std::vector<double>> crossings(static_cast<std::size_t>(mask.height()));
  for (const Ring& ring : polygon) {
    for (std::size_t i = 0; i < ring.size(); ++i) {
      Point a = to_mask(ring[i]), b = to_mask(ring[(i + 1) % ring.size()]);
      if (a.y > b.y) std::swap(a, b);
      const auto row = [&](double y) {
        return static_cast<std::int64_t>(std::ceil(std::clamp(y, -1.0, static_cast<double>(mask.height()) + 1) - 0.5));
      };
      for (std::int64_t y = std::max<std::int64_t>(row(a.y), 0); y < std::min(row(b.y), mask.height()); ++y) {
        const double share = (static_cast<double>(y) + 0.5 - a.y) / (b.y - a.y);
        crossings[static_cast<std::size_t>(y)].push_back(a.x + share * (b.x - a.x));
      }
    }
  }
  for (std::int64_t y = 0; y < mask.height(); ++y) {
    std::vector<double>& row = crossings[static_cast<std::size_t>(y)];
    std::sort(row.begin(), row.end());
    const auto column = [&](double x) {
      return static_cast<std::int64_t>(std::ceil(std::clamp(x, 0.0, static_cast<double>(mask.width())) - 0.5));
    };
    for (std::size_t i = 0; i + 1 < row.size(); i += 2) {
      const std::int64_t begin = column(row[i]), end = column(row[i + 1]);
      if (begin < end) std::fill(mask.at(begin, y), mask.at(begin, y) + (end - begin), value);
    }
  }
}

/// Level-0 box of what is not cut out, within the slide's bounds.
Rect box_of(const std::vector<Region>& regions, const Rect& bounds) {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  double left = kFar, top = kFar, right = -kFar, bottom = -kFar;
  for (const Region& region : regions) {
    if (region.cut_out) continue;
    for (const Polygon& polygon : region.polygons) {
      for (const Ring& ring : polygon) {
        for (const Point& point : ring) {
          left = std::min(left, point.x), right = std::max(right, point.x);
          top = std::min(top, point.y), bottom = std::max(bottom, point.y);
        }
      }
    }
  }
  if (left > right) throw Error("it has no region: polygons are wanted, and not all of them of the class Ignore*");
  const auto edge = [](double position, std::int64_t size) {
    return static_cast<std::int64_t>(std::clamp(position, 0.0, static_cast<double>(size)));
  };
  const std::int64_t x0 = edge(std::floor(left), bounds.width), x1 = edge(std::ceil(right), bounds.width);
  const std::int64_t y0 = edge(std::floor(top), bounds.height), y1 = edge(std::ceil(bottom), bounds.height);
  if (x0 >= x1 || y0 >= y1) {
    throw Error("all regions lie outside of the slide, which is " + std::to_string(bounds.width) + " x " + std::to_string(bounds.height) +
                " pixels: coordinates are level-0 pixels");
  }
  return {bounds.x + x0, bounds.y + y0, x1 - x0, y1 - y0};
}

}  // namespace

bool is_region_file(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".geojson" || extension == ".json";
}

TissueMask tissue_from_regions(const std::filesystem::path& path, const Properties& slide) {
  const std::string text = read_text_file(path);
  return with_context(path.string(), [&] {
    std::vector<Region> regions;
    try {
      regions = read_regions(Json::parse(text));
    } catch (const Json::exception& error) {
      throw Error("is not GeoJSON (" + std::string(error.what()) + ")");
    }
    const Rect area = box_of(regions, slide.bounds);
    const double scale = std::max(1.0, static_cast<double>(std::max(area.width, area.height)) / kRegionMaskSide);
    const auto side = [&](std::int64_t length) { return std::max<std::int64_t>(1, std::llround(static_cast<double>(length) / scale)); };
    TissueMask tissue{Image(side(area.width), side(area.height), 1), area};
    const auto to_mask = [&](const Point& point) {
      return Point{(point.x + static_cast<double>(slide.bounds.x - area.x)) * static_cast<double>(tissue.mask.width()) /
                       static_cast<double>(area.width),
                   (point.y + static_cast<double>(slide.bounds.y - area.y)) * static_cast<double>(tissue.mask.height()) /
                       static_cast<double>(area.height)};
    };
    for (const bool cut_out : {false, true}) {
      for (const Region& region : regions) {
        if (region.cut_out != cut_out) continue;
        for (const Polygon& polygon : region.polygons) fill(tissue.mask, polygon, cut_out ? 0 : 1, to_mask);
      }
    }
    return tissue;
  });
}

}  // namespace wsi_lpd::slide
