#include "wsi_lpd/slide/region_labels.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "contradictions.hpp"
#include "geojson_regions.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/polygon_fill.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::slide {
namespace {

double area_of(const core::Ring& ring) {
  double sum = 0;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const core::Point &a = ring[i], &b = ring[(i + 1) % ring.size()];
    sum += a.x * b.y - b.x * a.y;
  }
  return std::abs(sum) / 2;
}

/// Outlines less holes.
double area_of(const GeoJsonRegion& region) {
  double area = 0;
  for (const core::Polygon& polygon : region.polygons) {
    for (std::size_t i = 0; i < polygon.size(); ++i) area += i == 0 ? area_of(polygon[i]) : -area_of(polygon[i]);
  }
  return area;
}

/// Index of a region's class, `names.size()` for the background; nothing where no name fits. A derived class that has no name of its own is
/// the one that it is derived from, which `derived` notes.
std::optional<std::size_t> class_of(const GeoJsonRegion& region, const std::vector<std::string>& names, const std::string& background,
                                    std::map<std::string, std::string>& derived) {
  for (std::vector<std::string> classes = region.classes; !classes.empty(); classes.pop_back()) {
    const std::string name = core::joined(classes, ": ");
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end() && name != background) continue;
    if (classes.size() < region.classes.size()) derived[region.class_name()] = name;
    return static_cast<std::size_t>(found - names.begin());
  }
  return {};
}

/// Rounded outward.
core::Rect rect_of(const Box& box) {
  const double left = std::floor(box.left), top = std::floor(box.top);
  return {static_cast<std::int64_t>(left), static_cast<std::int64_t>(top), static_cast<std::int64_t>(std::ceil(box.right) - left),
          static_cast<std::int64_t>(std::ceil(box.bottom) - top)};
}

void refuse_contradictions(const std::filesystem::path& path, const std::vector<PlacedRegion>& regions, const GeoJsonRegions& file) {
  const auto found = first_contradiction(regions);
  if (!found) return;
  const auto text = [&](const PlacedRegion& region) {
    return std::to_string(region.number) + " (" + file.regions[region.number - 1].class_name() + ")";
  };
  throw core::Error(path.string() + ": features " + text(found->first) + " and " + text(found->second) +
                    " lie in nearly the same place and have different classes: delete one of them, or give both one class");
}

}  // namespace

struct RegionLabels::Impl {
  core::PolygonFill fill;
  std::uint8_t outside = 0;
};

RegionLabels::RegionLabels(const std::filesystem::path& path, const std::vector<std::string>& names, const std::string& background,
                           std::uint8_t outside, RegionChoice choice)
    : impl_(std::make_unique<Impl>()) {
  const GeoJsonRegions file = read_geojson_regions(path);
  const auto warn = [&](const std::string& line) { warnings_.push_back(path.string() + ": " + line); };
  if (!file.left_out.empty()) warn(file.left_out);
  if (choice == RegionChoice::Changed) core::with_context(path.string(), [&] { refuse_without_marks(file); });
  std::vector<PlacedRegion> placed, ignored;
  std::set<std::string> unknown;
  std::map<std::string, std::string> derived;
  bool without_class = false;
  Box box;
  for (std::size_t i = 0; i < file.regions.size(); ++i) {
    const GeoJsonRegion& region = file.regions[i];
    if (region.polygons.empty()) continue;
    if (choice == RegionChoice::Changed && !region.is_ignored() && !region.is_persons()) {
      ++unchanged_;
      continue;
    }
    if (!region.is_classified()) {
      without_class = true;
      continue;
    }
    const std::optional<std::size_t> found = class_of(region, names, background, derived);
    if (!found && !region.is_ignored()) unknown.insert(region.class_name());
    const std::uint8_t value = region.is_ignored() ? kLeftOut : static_cast<std::uint8_t>(found.value_or(0));
    PlacedRegion taken{i + 1, value, &region.polygons, area_of(region), {}};
    for (const core::Polygon& polygon : region.polygons) taken.box.add(polygon);
    box.add(taken.box);
    (region.is_ignored() ? ignored : placed).push_back(taken);
    ++regions_;
  }
  if (!unknown.empty())
    throw core::Error(path.string() + ": has regions of " + core::joined({unknown.begin(), unknown.end()}) + ", and the classes are " +
                      core::joined(names) + ", beside the background " + background);
  if (without_class) throw core::Error(path.string() + ": has regions without a class; give them one of " + core::joined(names));
  if (regions_ == 0 && choice == RegionChoice::All)
    throw core::Error(path.string() + ": has no region: polygons are wanted" + (file.left_out.empty() ? "" : " (" + file.left_out + ")"));
  for (const auto& [name, base] : derived) warn(std::string("regions of ").append(name).append(" are taken for ").append(base));
  if (choice == RegionChoice::Changed) refuse_contradictions(path, placed, file);
  std::stable_sort(placed.begin(), placed.end(), [](const PlacedRegion& a, const PlacedRegion& b) { return a.area > b.area; });
  for (const auto* some : {&placed, &ignored}) {
    for (const PlacedRegion& region : *some)
      for (const core::Polygon& polygon : *region.polygons) impl_->fill.add(polygon, region.value);
  }
  box_ = rect_of(box);
  impl_->outside = outside;
}

RegionLabels::RegionLabels(RegionLabels&&) noexcept = default;
RegionLabels::~RegionLabels() = default;

void RegionLabels::read_row(double y, double x, double pitch, std::span<std::uint8_t> labels) {
  std::fill(labels.begin(), labels.end(), impl_->outside);
  impl_->fill.paint_row(y, x, pitch, labels);
}

}  // namespace wsi_lpd::slide
