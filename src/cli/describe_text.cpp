#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <sstream>
#include <string>

#include "describe.hpp"
#include "toml_file.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMost = 20;  // lines of a list

/// The class of a feature as QuPath writes it: "Tumor: Positive" of {"names": ["Tumor", "Positive"]}.
std::string class_of(const Json& feature) {
  const Json properties = feature.value("properties", Json());
  const Json classification = properties.is_object() ? properties.value("classification", Json()) : Json();
  if (!classification.is_object()) return "without class";
  if (const auto name = classification.find("name"); name != classification.end() && name->is_string()) return *name;
  std::string text;
  for (const Json& name : classification.value("names", Json::array())) {
    if (name.is_string()) text.append(text.empty() ? "" : ": ").append(name.get<std::string>());
  }
  return text.empty() ? "without class" : text;
}

/// Points of nested arrays of coordinates, and their box.
struct Extent {
  double left = std::numeric_limits<double>::infinity(), top = left, right = -left, bottom = -left;
  std::int64_t points = 0;
  void add(const Json& coordinates) {
    if (!coordinates.is_array()) return;
    if (coordinates.size() < 2 || !coordinates[0].is_number() || !coordinates[1].is_number()) {
      for (const Json& part : coordinates) add(part);
      return;
    }
    const double x = coordinates[0], y = coordinates[1];
    left = std::min(left, x), right = std::max(right, x), top = std::min(top, y), bottom = std::max(bottom, y);
    ++points;
  }
  void add_geometry(const Json& geometry) {
    if (!geometry.is_object()) return;
    add(geometry.value("coordinates", Json()));
    for (const Json& part : geometry.value("geometries", Json::array())) add_geometry(part);
  }
};

Json describe_geojson(const fs::path& path, const Json& content) {
  const Json features = content.is_array() ? content : content.contains("features") ? content["features"] : Json::array({content});
  std::map<std::string, int> classes, shapes;
  Extent extent;
  for (const Json& feature : features) {
    if (!feature.is_object()) continue;
    const Json geometry = feature.contains("geometry") ? feature["geometry"] : feature;
    ++classes[class_of(feature)];
    ++shapes[geometry.is_object() && geometry.contains("type") && geometry["type"].is_string() ? geometry["type"].get<std::string>()
                                                                                               : "no geometry"];
    extent.add_geometry(geometry);
  }
  Json json{{"kind", "GeoJSON"}, {"features", features.size()}, {"shapes", shapes}};
  for (const auto& [name, count] : classes) {
    if (json["features_of_class"].size() < kMost) json["features_of_class"][name] = count;
  }
  try {
    json["regions"] = json_of(slide::count_origins(path));
  } catch (const core::Error& error) {
    json["problem"] = error.what();
  }
  json["points"] = extent.points;
  if (extent.points > 0)
    json["level0_box"] = {
        {"x", extent.left}, {"y", extent.top}, {"width", extent.right - extent.left}, {"height", extent.bottom - extent.top}};
  return json;
}

Json describe_statistics(const Json& content) {
  Json json{{"kind", "statistics of a segmented slide"}};
  for (const char* key : {"slide", "mpp", "software"}) {
    if (content.contains(key)) json[key] = content[key];
  }
  if (content.contains("model") && content["model"].is_object()) json["model"] = content["model"].value("path", Json());
  if (content.contains("tissue") && content["tissue"].is_object()) json["tissue_mm2"] = content["tissue"].value("mm2", Json());
  for (const Json& entry : content.value("classes", Json::array())) {
    if (!entry.is_object() || !entry.value("name", Json()).is_string()) continue;
    Json& line = json["classes"][entry["name"].get<std::string>()];
    for (const char* key : {"mm2", "fraction_of_tissue", "regions"}) line[key] = entry.value(key, Json());
  }
  json["warnings"] = content.value("warnings", Json::array());
  return json;
}

Json describe_json(const fs::path& path) {
  const std::string text = core::read_text_file(path);
  if (core::is_deep_json(text)) throw core::Error(path.string() + ": is JSON in which lists and objects stand in each other without end");
  const Json content = Json::parse(text, nullptr, false);
  if (content.is_discarded()) throw core::Error(path.string() + ": is not valid JSON");
  const bool is_object = content.is_object();
  if (is_object && content.value("format", Json()) == "wsi-lpd slide statistics") return describe_statistics(content);
  const bool is_list_of_features = content.is_array() && !content.empty() && content[0].is_object() && content[0].contains("geometry");
  if (is_list_of_features || (is_object && (content.contains("features") || content.contains("geometry") ||
                                            content.contains("coordinates") || content.contains("geometries"))))
    return describe_geojson(path, content);
  if (path.extension() == ".geojson") throw core::Error(path.string() + ": is JSON, but not GeoJSON: it has no features and no geometry");
  Json json{{"kind", "JSON"}, {"entries", content.size()}};
  if (!is_object) return json;
  for (const auto& [key, value] : content.items()) {
    if (json["content"].size() == kMost) break;
    json["content"][key] = value.is_structured() ? Json(std::to_string(value.size()) + " entries") : value;
  }
  return json;
}

/// What a table of these columns is for.
std::string kind_of(const std::string& name, const core::CsvTable& table) {
  const auto has = [&](const char* column) { return table.column(column).has_value(); };
  if (name == "patches.csv" && has("slide")) return "table of patches: where each was cut";
  if (name == "summary.csv" && has("slide")) return "summary of results, a line for each slide";
  if (has("measure") && has("region")) return "measures of regions";
  if (has("slide") && has("case")) return "table of cases: which slides are whose";
  if (name == "uncertain.csv" && has("entropy")) return "uncertain patches: why each was chosen";
  if (has("file")) return "labels of patches";
  if (has("slide")) return "manifest of slides";
  return "table";
}

Json describe_table(const fs::path& path) {
  const core::CsvTable table = core::CsvTable::read(path);
  Json json{{"kind", kind_of(path.filename(), table)}, {"columns", table.columns}, {"rows", table.rows.size()}};
  const bool is_labels = json["kind"] == "labels of patches";
  for (std::size_t c = 1; is_labels && c < table.columns.size(); ++c) {
    std::map<std::string, int> values;
    for (const core::CsvTable::Row& row : table.rows) ++values[row.fields[c].empty() ? "not filled in" : row.fields[c]];
    if (values.size() < kMost) json["values_of"][table.columns[c]] = values;
  }
  return json;
}

Json describe_lines(const fs::path& path, const char* kind) {
  std::istringstream stream(core::read_text_file(path));
  std::int64_t lines = 0;
  std::string first, last;
  for (std::string line; std::getline(stream, line); last = line) {
    if (core::trimmed(line).empty()) continue;
    if (++lines == 1) first = line;
  }
  return {{"kind", kind}, {"lines", lines}, {"first", first}, {"last", last}};
}

Json describe_toml(const fs::path& path) {
  Json json{{"kind", "TOML: options for --config, or a data set's description"}};
  for (const TomlEntry& entry : read_toml(path))
    json["keys"][entry.key()] = entry.values.size() == 1 ? Json(entry.values[0]) : Json(entry.values);
  return json;
}

}  // namespace

Json json_of(const slide::RegionOrigins& origins) {
  const std::size_t persons = origins.drawn + origins.changed + origins.confirmed;
  Json json{{"of_a_person", persons}};
  if (persons > 0) {
    json["of_these"] = {{"drawn", origins.drawn}, {"changed", origins.changed}, {"locked_or_ignored", origins.confirmed}};
    for (const auto& [name, count] : origins.persons) json["of_a_person_by_class"][name.empty() ? "without class" : name] = count;
  }
  json["as_exported_by_correct"] = origins.exported;
  if (origins.unmarked > 0) json["of_segment_never_exported"] = origins.unmarked;
  return json;
}

Json describe_text(const fs::path& path) {
  const std::string ending = path.extension();
  if (ending == ".json" || ending == ".geojson") return describe_json(path);
  if (ending == ".csv") return describe_table(path);
  if (ending == ".toml") return describe_toml(path);
  if (ending == ".jsonl") return describe_lines(path, "log of a training, one JSON object a line");
  if (ending == ".log") return describe_lines(path, "log");
  if (ending == ".txt") return describe_lines(path, "text: a list of slides has one path a line");
  return {};
}

}  // namespace wsi_lpd::cli
