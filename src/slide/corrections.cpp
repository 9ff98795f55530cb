#include "wsi_lpd/slide/corrections.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "geojson_regions.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/core/region_mark.hpp"

namespace wsi_lpd::slide {
namespace {

using Json = nlohmann::json;

core::Ring on_quarters(core::Ring ring) {
  for (core::Point& point : ring) point = {core::quarter_pixel(point.x), core::quarter_pixel(point.y)};
  ring.erase(std::unique(ring.begin(), ring.end()), ring.end());
  while (ring.size() > 1 && ring.front() == ring.back()) ring.pop_back();
  return ring;
}

std::vector<core::Polygon> on_quarters(const std::vector<core::Polygon>& polygons) {
  std::vector<core::Polygon> rounded;
  for (const core::Polygon& polygon : polygons) {
    core::Polygon rings;
    for (const core::Ring& ring : polygon) {
      core::Ring line = on_quarters(ring);
      const bool is_outline = &ring == &polygon.front();
      if (has_area(line)) rings.push_back(std::move(line));
      if (is_outline && rings.empty()) break;
    }
    if (!rings.empty()) rounded.push_back(std::move(rings));
  }
  return rounded;
}

Json geometry_of(const std::vector<core::Polygon>& polygons) {
  Json list = Json::array();
  for (const core::Polygon& polygon : polygons) {
    Json& rings = list.emplace_back(Json::array());
    for (const core::Ring& ring : polygon) {
      Json& line = rings.emplace_back(Json::array());
      for (const core::Point& point : ring) line.push_back({point.x, point.y});
      line.push_back(line.front());
    }
  }
  if (polygons.size() == 1) return {{"type", "Polygon"}, {"coordinates", std::move(list.front())}};
  return {{"type", "MultiPolygon"}, {"coordinates", std::move(list)}};
}

/// Makes a bare geometry a feature, which has properties.
Json& as_feature(Json& json) {
  if (json.at("type") != "Feature") json = {{"type", "Feature"}, {"geometry", std::exchange(json, {})}};
  if (!json["properties"].is_object()) json["properties"] = Json::object();
  return json;
}

/// The text of a file, feature by feature, a line each.
class Collection {
 public:
  void add(const Json& feature) {
    text_ += (is_empty_ ? "\n" : ",\n") + core::json_text(feature);
    is_empty_ = false;
  }
  std::string finish() && { return std::move(text_ += "\n]}\n"); }

 private:
  std::string text_ = R"({"type":"FeatureCollection","features":[)";
  bool is_empty_ = true;
};

/// Adds a person's features of a file; returns their ids, which are those of the regions that they were made from.
std::set<std::string> keep_persons(const std::filesystem::path& file, Collection& collection, WrittenCorrections& written) {
  std::set<std::string> ids;
  Json features = read_features(file);
  const GeoJsonRegions read = regions_of(features);
  refuse_without_marks(read);
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (!read.regions[i].is_persons()) continue;
    Json& feature = as_feature(features[i]);
    feature["properties"]["isLocked"] = true;
    collection.add(feature);
    ids.insert(read.regions[i].id);
    ++written.kept;
  }
  return ids;
}

}  // namespace

WrittenCorrections write_corrections(const std::filesystem::path& regions, const std::filesystem::path& file) {
  WrittenCorrections written;
  Collection collection;
  std::set<std::string> marks;
  if (std::filesystem::exists(file)) marks = core::with_context(file.string(), [&] { return keep_persons(file, collection, written); });
  core::with_context(regions.string(), [&] {
    Json features = read_features(regions);
    const GeoJsonRegions read = regions_of(features);
    for (std::size_t i = 0; i < features.size(); ++i) {
      const std::vector<core::Polygon> polygons = on_quarters(read.regions[i].polygons);
      if (polygons.empty()) continue;
      std::string mark = core::region_mark(read.regions[i].class_name(), polygons);
      if (!marks.insert(mark).second) continue;
      Json& feature = as_feature(features[i]);
      feature["id"] = std::move(mark);
      feature["geometry"] = geometry_of(polygons);
      collection.add(std::exchange(feature, {}));
      ++written.exported;
    }
  });
  core::write_text_file(file, std::move(collection).finish());
  return written;
}

RegionOrigins& RegionOrigins::operator+=(const RegionOrigins& other) {
  drawn += other.drawn, changed += other.changed, confirmed += other.confirmed, exported += other.exported, unmarked += other.unmarked;
  for (const auto& [name, count] : other.persons) persons[name] += count;
  return *this;
}

RegionOrigins count_origins(const std::filesystem::path& path) {
  RegionOrigins origins;
  for (const GeoJsonRegion& region : read_geojson_regions(path).regions) {
    if (region.polygons.empty()) continue;
    const bool has_mark = core::is_region_mark(region.id), is_ours = !has_mark && region.measured;
    const bool is_confirmed = region.locked || region.is_ignored();
    const bool is_as_made = is_ours || region.id == core::region_mark(region.class_name(), region.polygons);
    if (is_as_made && !is_confirmed) {
      ++(is_ours ? origins.unmarked : origins.exported);
      continue;
    }
    ++(is_as_made ? origins.confirmed : has_mark ? origins.changed : origins.drawn);
    ++origins.persons[region.class_name()];
  }
  return origins;
}

}  // namespace wsi_lpd::slide
