#include "wsi_lpd/slide/region_labels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "geojson_regions.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::slide {
namespace {

/// A side of a polygon that is no horizontal one.
struct Edge {
  double top, bottom;
  double x, slope;      ///< at the top; dx / dy
  std::uint32_t shape;  ///< of which polygon, in the order of painting
};

struct Shape {
  const RegionPolygon* polygon;
  std::uint8_t value;
  double area;  ///< of its region
};

double area_of(const RegionRing& ring) {
  double sum = 0;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const RegionPoint &a = ring[i], &b = ring[(i + 1) % ring.size()];
    sum += a.x * b.y - b.x * a.y;
  }
  return std::abs(sum) / 2;
}

/// Outlines less holes.
double area_of(const GeoJsonRegion& region) {
  double area = 0;
  for (const RegionPolygon& polygon : region.polygons) {
    for (std::size_t i = 0; i < polygon.size(); ++i) area += i == 0 ? area_of(polygon[i]) : -area_of(polygon[i]);
  }
  return area;
}

/// Index of a region's class, `names.size()` for the background; nothing where no name fits. A derived class that has no name of its own is
/// the one that it is derived from, which `derived` notes.
std::optional<std::size_t> class_of(const GeoJsonRegion& region, const std::vector<std::string>& names, const std::string& background,
                                    std::map<std::string, std::string>& derived) {
  for (std::vector<std::string> classes = region.classes; !classes.empty(); classes.pop_back()) {
    const std::string name = joined(classes, ": ");
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end() && name != background) continue;
    if (classes.size() < region.classes.size()) derived[region.class_name()] = name;
    return static_cast<std::size_t>(found - names.begin());
  }
  return {};
}

}  // namespace

struct RegionLabels::Impl {
  std::vector<std::uint8_t> values;  ///< of the shapes
  std::vector<Edge> edges;           ///< by their tops
  std::size_t next = 0;              ///< of the edges: first one below the last row
  std::vector<Edge> active;          ///< that cross the last row
  std::uint8_t outside = 0;
  double last_y = -std::numeric_limits<double>::infinity();

  void add(const Shape& shape) {
    const auto number = static_cast<std::uint32_t>(values.size());
    values.push_back(shape.value);
    for (const RegionRing& ring : *shape.polygon) {
      for (std::size_t i = 0; i < ring.size(); ++i) {
        RegionPoint a = ring[i], b = ring[(i + 1) % ring.size()];
        if (a.y > b.y) std::swap(a, b);
        if (a.y < b.y) edges.push_back({a.y, b.y, a.x, (b.x - a.x) / (b.y - a.y), number});
      }
    }
  }
};

RegionLabels::RegionLabels(const std::filesystem::path& path, const std::vector<std::string>& names, const std::string& background,
                           std::uint8_t outside)
    : impl_(std::make_unique<Impl>()) {
  const GeoJsonRegions file = read_geojson_regions(path);
  const auto warn = [&](const std::string& line) { warnings_.push_back(path.string() + ": " + line); };
  if (!file.left_out.empty()) warn(file.left_out);
  std::vector<Shape> shapes, ignored;
  std::set<std::string> unknown;
  std::map<std::string, std::string> derived;
  bool without_class = false;
  for (const GeoJsonRegion& region : file.regions) {
    if (region.polygons.empty()) continue;
    if (!region.is_classified()) {
      without_class = true;
      continue;
    }
    const std::optional<std::size_t> found = class_of(region, names, background, derived);
    if (!found && !region.is_ignored()) unknown.insert(region.class_name());
    const std::uint8_t value = region.is_ignored() ? kLeftOut : static_cast<std::uint8_t>(found.value_or(0));
    const double area = area_of(region);
    for (const RegionPolygon& polygon : region.polygons) (region.is_ignored() ? ignored : shapes).push_back({&polygon, value, area});
  }
  if (!unknown.empty())
    throw Error(path.string() + ": has regions of " + joined({unknown.begin(), unknown.end()}) + ", and the classes are " + joined(names) +
                ", beside the background " + background);
  if (without_class) throw Error(path.string() + ": has regions without a class; give them one of " + joined(names));
  if (shapes.empty() && ignored.empty())
    throw Error(path.string() + ": has no region: polygons are wanted" + (file.left_out.empty() ? "" : " (" + file.left_out + ")"));
  for (const auto& [name, base] : derived) warn(std::string("regions of ").append(name).append(" are taken for ").append(base));
  std::stable_sort(shapes.begin(), shapes.end(), [](const Shape& a, const Shape& b) { return a.area > b.area; });
  for (const auto* some : {&shapes, &ignored}) {
    for (const Shape& shape : *some) impl_->add(shape);
  }
  std::sort(impl_->edges.begin(), impl_->edges.end(), [](const Edge& a, const Edge& b) { return a.top < b.top; });
  impl_->outside = outside;
}

RegionLabels::RegionLabels(RegionLabels&&) noexcept = default;
RegionLabels::~RegionLabels() = default;

void RegionLabels::read_row(double y, double x, double pitch, std::span<std::uint8_t> labels) {
  Impl& impl = *impl_;
  if (y < impl.last_y) throw Error("rows of regions must come from top to bottom");
  impl.last_y = y;
  std::fill(labels.begin(), labels.end(), impl.outside);
  std::erase_if(impl.active, [&](const Edge& edge) { return edge.bottom <= y; });
  for (; impl.next < impl.edges.size() && impl.edges[impl.next].top <= y; ++impl.next) {
    if (impl.edges[impl.next].bottom > y) impl.active.push_back(impl.edges[impl.next]);
  }
  struct Crossing {
    std::uint32_t shape;
    double x;
  };
  std::vector<Crossing> crossings;
  for (const Edge& edge : impl.active) crossings.push_back({edge.shape, edge.x + (y - edge.top) * edge.slope});
  std::sort(crossings.begin(), crossings.end(),
            [](const Crossing& a, const Crossing& b) { return a.shape != b.shape ? a.shape < b.shape : a.x < b.x; });
  // A closed line crosses a row an even number of times: inside is between the first and the second, and so on.
  const auto column = [&](double position) {
    return static_cast<std::size_t>(std::clamp(std::ceil((position - x) / pitch), 0.0, static_cast<double>(labels.size())));
  };
  for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
    const std::size_t begin = column(crossings[i].x), end = column(crossings[i + 1].x);
    if (begin < end)
      std::fill(labels.begin() + static_cast<std::ptrdiff_t>(begin), labels.begin() + static_cast<std::ptrdiff_t>(end),
                impl.values[crossings[i].shape]);
  }
}

}  // namespace wsi_lpd::slide
