#include "wsi_lpd/slide/region_labels.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "contradictions.hpp"
#include "geojson_regions.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/polygon_fill.hpp"
#include "wsi_lpd/core/suggestion.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::slide {
namespace {

constexpr double kRim = 0.1;  ///< share of a region's box that may lie beyond the slide: rounding, a hand that draws along its edge

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

/// Index of a region's class, `names.classes.size()` for the background; nothing where no name fits. A derived class that has no name of
/// its own is the one that it is derived from, which `derived` notes.
std::optional<std::size_t> class_of(const GeoJsonRegion& region, const RegionNames& names, std::map<std::string, std::string>& derived) {
  for (std::vector<std::string> classes = region.classes; !classes.empty(); classes.pop_back()) {
    const std::string name = core::joined(classes, ": ");
    const auto found = std::ranges::find(names.classes, name);
    if (found == names.classes.end() && std::ranges::find(names.background, name) == names.background.end()) continue;
    if (classes.size() < region.classes.size()) derived[region.class_name()] = name;
    return static_cast<std::size_t>(found - names.classes.begin());
  }
  return {};
}

/// Rounded outward.
core::Rect rect_of(const Box& box) {
  const double left = std::floor(box.left), top = std::floor(box.top);
  return {static_cast<std::int64_t>(left), static_cast<std::int64_t>(top), static_cast<std::int64_t>(std::ceil(box.right) - left),
          static_cast<std::int64_t>(std::ceil(box.bottom) - top)};
}

/// A region as messages name it: the number of its feature, from 1, and its class.
std::string named(std::size_t number, const GeoJsonRegion& region) {
  return std::to_string(number) + (region.is_classified() ? " (" + region.class_name() + ")" : "");
}

std::string features_text(const std::vector<std::string>& features) {
  return (features.size() == 1 ? "feature " : "features ") + core::joined_first(features);
}

/// The regions of a file that count, and what is to be said of them: a line each, without the file.
struct TakenRegions {
  GeoJsonRegions file;
  std::vector<PlacedRegion> placed, ignored;  ///< by file.regions
  std::vector<std::string> problems;          ///< for which the file is refused
  std::vector<std::string> warnings;
  std::size_t unchanged = 0;
};

void add_contradictions(TakenRegions& taken) {
  for (const auto& [first, second] : contradictions(taken.placed, core::kMostLines)) {
    const auto text = [&](const PlacedRegion& region) { return named(region.number, taken.file.regions[region.number - 1]); };
    taken.problems.push_back("features " + text(first) + " and " + text(second) +
                             " lie in nearly the same place and have different classes: delete one of them, or give both one class");
  }
}

TakenRegions take_regions(const std::filesystem::path& path, const RegionNames& names, RegionChoice choice) {
  TakenRegions taken;
  taken.file = read_geojson_regions(path);
  const GeoJsonRegions& file = taken.file;
  if (!file.left_out.empty()) taken.warnings.push_back(file.left_out);
  if (choice == RegionChoice::Changed) core::with_context(path.string(), [&] { refuse_without_marks(file); });
  std::set<std::string> unknown;
  std::map<std::string, std::string> derived;
  std::vector<std::string> unknown_features, without_class;
  for (std::size_t i = 0; i < file.regions.size(); ++i) {
    const GeoJsonRegion& region = file.regions[i];
    if (region.polygons.empty()) continue;
    if (choice == RegionChoice::Changed && !region.is_ignored() && !region.is_persons()) {
      ++taken.unchanged;
      continue;
    }
    if (!region.is_classified()) {
      without_class.push_back(std::to_string(i + 1));
      continue;
    }
    const std::optional<std::size_t> found = class_of(region, names, derived);
    if (!found && !region.is_ignored()) {
      unknown.insert(region.class_name());
      unknown_features.push_back(std::to_string(i + 1));
      continue;
    }
    const std::uint8_t value = region.is_ignored() ? RegionLabels::kLeftOut : static_cast<std::uint8_t>(*found);
    PlacedRegion placed{i + 1, value, &region.polygons, area_of(region), {}};
    for (const core::Polygon& polygon : region.polygons) placed.box.add(polygon);
    (region.is_ignored() ? taken.ignored : taken.placed).push_back(placed);
  }
  std::vector<std::string> known = names.classes;
  known.insert(known.end(), names.background.begin(), names.background.end());
  if (!unknown.empty())
    taken.problems.push_back("has regions of " + core::joined({unknown.begin(), unknown.end()}) + ", and the classes are " +
                             core::joined(names.classes) + ", beside the background " + core::joined(names.background, " or ") + " (" +
                             features_text(unknown_features) + ")" +
                             (unknown.size() == 1 ? core::did_you_mean(*unknown.begin(), known) : ""));
  if (!without_class.empty())
    taken.problems.push_back("has regions without a class; give them one of " + core::joined(names.classes) + " (" +
                             features_text(without_class) + ")");
  for (const auto& [name, base] : derived)
    taken.warnings.push_back(std::string("regions of ").append(name).append(" are taken for ").append(base));
  if (choice == RegionChoice::Changed) add_contradictions(taken);
  return taken;
}

/// A region as messages name it, and its box.
using Places = std::vector<std::pair<std::string, Box>>;

/// In the file's order.
Places places_of(const TakenRegions& taken) {
  std::vector<PlacedRegion> regions = taken.placed;
  regions.insert(regions.end(), taken.ignored.begin(), taken.ignored.end());
  std::ranges::sort(regions, {}, &PlacedRegion::number);
  Places places;
  for (const PlacedRegion& region : regions) places.emplace_back(named(region.number, taken.file.regions[region.number - 1]), region.box);
  return places;
}

std::vector<std::string> lines_on_outside(const Places& places, const core::Size& size) {
  const Box slide{0, 0, static_cast<double>(size.width), static_cast<double>(size.height), false};
  std::vector<std::string> outside, beyond, lines;
  for (const auto& [name, box] : places) {
    const double inside = common(box, slide).area();
    if (inside == 0) outside.push_back(name);
    if (inside > 0 && inside < (1 - kRim) * box.area()) beyond.push_back(name);
  }
  const auto say = [&](const std::vector<std::string>& regions, const char* one, const char* many) {
    if (!regions.empty())
      lines.push_back(core::count_of(regions.size(), std::string("region ") + one, std::string("regions ") + many) + " the slide (" +
                      std::to_string(size.width) + " x " + std::to_string(size.height) +
                      " level-0 pixels), where nothing is learnt: " + features_text(regions));
  };
  say(outside, "lies outside of", "lie outside of");
  say(beyond, "reaches beyond", "reach beyond");
  return lines;
}

std::vector<std::string> with_path(const std::filesystem::path& path, std::vector<std::string> lines) {
  for (std::string& line : lines) line.insert(0, path.string() + ": ");
  return lines;
}

}  // namespace

struct RegionLabels::Impl {
  core::PolygonFill fill;
  std::uint8_t outside = 0;
  std::string path;
  Places places;  ///< of the regions that were taken
};

RegionLabels::RegionLabels(const std::filesystem::path& path, const RegionNames& names, std::uint8_t outside, RegionChoice choice)
    : impl_(std::make_unique<Impl>()) {
  TakenRegions taken = take_regions(path, names, choice);
  if (!taken.problems.empty()) throw core::Error(path.string() + ": " + taken.problems.front());
  warnings_ = with_path(path, taken.warnings);
  regions_ = taken.placed.size() + taken.ignored.size();
  unchanged_ = taken.unchanged;
  if (regions_ == 0 && choice == RegionChoice::All)
    throw core::Error(path.string() + ": has no region: polygons are wanted" +
                      (taken.file.left_out.empty() ? "" : " (" + taken.file.left_out + ")"));
  std::ranges::stable_sort(taken.placed, std::greater(), &PlacedRegion::area);
  Box box;
  for (const auto* some : {&taken.placed, &taken.ignored}) {
    for (const PlacedRegion& region : *some) {
      box.add(region.box);
      for (const core::Polygon& polygon : *region.polygons) impl_->fill.add(polygon, region.value);
    }
  }
  box_ = rect_of(box);
  impl_->outside = outside;
  impl_->path = path.string();
  impl_->places = places_of(taken);
}

RegionLabels::RegionLabels(RegionLabels&&) noexcept = default;
RegionLabels::~RegionLabels() = default;

void RegionLabels::read_row(double y, double x, double pitch, std::span<std::uint8_t> labels) {
  std::fill(labels.begin(), labels.end(), impl_->outside);
  impl_->fill.paint_row(y, x, pitch, labels);
}

std::vector<std::string> RegionLabels::outside_of(const core::Size& size) const {
  return with_path(impl_->path, lines_on_outside(impl_->places, size));
}

CorrectionFindings check_corrections(const std::filesystem::path& path, const RegionNames& names, const core::Size& size) {
  const TakenRegions taken = take_regions(path, names, RegionChoice::Changed);
  CorrectionFindings findings{with_path(path, taken.problems), with_path(path, taken.warnings)};
  std::ranges::move(with_path(path, lines_on_outside(places_of(taken), size)), std::back_inserter(findings.ignored));
  return findings;
}

}  // namespace wsi_lpd::slide
