#include "wsi_lpd/output/region_outlines.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "report_regions.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/json_text.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::output {
namespace {

using Json = nlohmann::ordered_json;
using Corner = std::array<std::int64_t, 2>;

/// The corners of a ring on whole units, of which none lies on a straight line between its neighbours; one corner where no area is left.
std::vector<Corner> corners_of(const core::Ring& ring, double unit) {
  std::vector<Corner> corners;
  const auto is_straight = [](const Corner& a, const Corner& b, const Corner& c) {
    return (b[0] - a[0]) * (c[1] - b[1]) == (b[1] - a[1]) * (c[0] - b[0]);
  };
  const auto add = [&](const Corner& corner) {
    while (corners.size() > 1 && is_straight(corners.end()[-2], corners.back(), corner)) corners.pop_back();
    if (corners.empty() || corners.back() != corner) corners.push_back(corner);
  };
  for (const core::Point& point : ring) add({std::llround(point.x / unit), std::llround(point.y / unit)});
  while (corners.size() > 2 && is_straight(corners.end()[-2], corners.back(), corners.front())) corners.pop_back();
  while (corners.size() > 2 && is_straight(corners.back(), corners[0], corners[1])) corners.erase(corners.begin());
  if (corners.size() < 3) corners.resize(1);
  return corners;
}

/// A ring as [x, y, and the steps to each further corner].
void append_ring(std::string& text, const std::vector<Corner>& corners) {
  Corner last{};
  text += '[';
  for (const Corner& corner : corners) {
    for (const std::size_t axis : {0U, 1U}) {
      if (text.back() != '[') text += ',';
      text += std::to_string(corner[axis] - last[axis]);
    }
    last = corner;
  }
  text += ']';
}

struct Geometry {
  std::string text = "[";
  std::size_t points = 0;
};

Geometry geometry_of(const std::vector<core::Polygon>& polygons, double unit) {
  Geometry geometry;
  for (const core::Polygon& polygon : polygons) {
    geometry.text += geometry.text.back() == '[' ? "[" : ",[";
    for (const core::Ring& ring : polygon) {
      const std::vector<Corner> corners = corners_of(ring, unit);
      if (geometry.text.back() != '[') geometry.text += ',';
      append_ring(geometry.text, corners);
      geometry.points += corners.size();
    }
    geometry.text += ']';
  }
  geometry.text += ']';
  return geometry;
}

/// Number, name, class, its place among the model's classes, area, and the classes' shares.
std::string head_of(const MeasuredRegion& region, const core::ClassScheme& classes) {
  const auto place = std::ranges::find(classes.names, region.class_name);
  Json shares = Json::array();
  for (const std::string& text : share_texts(region.whole, classes)) shares.push_back(text);
  const Json head{region.number, region_title(region), region.class_name, place - classes.names.begin(), area_text(region.whole), shares};
  std::string text = core::json_text(head);
  text.back() = ',';
  return text;
}

}  // namespace

std::size_t write_region_outlines(const std::filesystem::path& path, const std::vector<OutlinedRegion>& regions,
                                  const core::ClassScheme& classes, double unit, std::size_t most_points) {
  std::vector<const OutlinedRegion*> drawn;
  Json spots = Json::array(), colours = Json::array();
  for (const OutlinedRegion& region : regions) {
    if (region.polygons) drawn.push_back(&region);
    if (const auto& spot = region.figures->hot_spot)
      spots.push_back({region.figures->number, spot->x, spot->y, spot->side, spot_title(*spot)});
  }
  std::ranges::stable_sort(drawn, std::greater(), [](const OutlinedRegion* region) { return region->figures->whole.area; });
  for (std::size_t c = 0; c < classes.names.size(); ++c) colours.push_back({classes.names[c], core::to_string(classes.colours[c])});
  std::string text = "wsiRegions({\"unit\":" + core::shortest(unit) + ",\"classes\":" + core::json_text(colours) +
                     ",\"spots\":" + core::json_text(spots) + ",\"regions\":[";
  std::size_t points = 0, written = 0;
  for (; written < drawn.size(); ++written) {
    const Geometry geometry = geometry_of(*drawn[written]->polygons, unit);
    points += geometry.points;
    if (points > most_points) break;
    text += (written > 0 ? ",\n" : "\n") + head_of(*drawn[written]->figures, classes) + geometry.text + "]";
  }
  core::write_text_file(path, text + "]});\n", core::Durable::No);
  return drawn.size() - written;
}

}  // namespace wsi_lpd::output
