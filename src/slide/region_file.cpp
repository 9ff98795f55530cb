#include "wsi_lpd/slide/region_file.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "geojson_regions.hpp"
#include "wsi_lpd/core/file_names.hpp"
#include "wsi_lpd/core/polygon_fill.hpp"

namespace wsi_lpd::slide {
namespace {

/// Level-0 box of what is not cut out, within the slide's bounds.
core::Rect box_of(const GeoJsonRegions& file, const core::Rect& bounds) {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  double left = kFar, top = kFar, right = -kFar, bottom = -kFar;
  for (const GeoJsonRegion& region : file.regions) {
    if (region.is_ignored()) continue;
    for (const core::Polygon& polygon : region.polygons) {
      for (const core::Ring& ring : polygon) {
        for (const core::Point& point : ring) {
          left = std::min(left, point.x), right = std::max(right, point.x);
          top = std::min(top, point.y), bottom = std::max(bottom, point.y);
        }
      }
    }
  }
  if (left > right)
    throw core::Error("it has no region: polygons are wanted, and not all of them of the class Ignore*" +
                      (file.left_out.empty() ? "" : " (" + file.left_out + ")"));
  const auto edge = [](double position, std::int64_t size) {
    return static_cast<std::int64_t>(std::clamp(position, 0.0, static_cast<double>(size)));
  };
  const std::int64_t x0 = edge(std::floor(left), bounds.width), x1 = edge(std::ceil(right), bounds.width);
  const std::int64_t y0 = edge(std::floor(top), bounds.height), y1 = edge(std::ceil(bottom), bounds.height);
  if (x0 >= x1 || y0 >= y1) {
    throw core::Error("all regions lie outside of the slide, which is " + std::to_string(bounds.width) + " x " +
                      std::to_string(bounds.height) + " pixels: coordinates are level-0 pixels");
  }
  return {bounds.x + x0, bounds.y + y0, x1 - x0, y1 - y0};
}

}  // namespace

bool is_region_file(const std::filesystem::path& path) {
  const std::string extension = core::lower_ending(path);
  return extension == ".geojson" || extension == ".json";
}

core::TissueMask tissue_from_regions(const std::filesystem::path& path, const Properties& slide, std::vector<std::string>* warnings) {
  GeoJsonRegions file = read_geojson_regions(path);
  if (warnings && !file.left_out.empty()) warnings->push_back(path.string() + ": " + file.left_out);
  return core::with_context(path.string(), [&] {
    const core::Rect area = box_of(file, slide.bounds);
    const double scale = std::max(1.0, static_cast<double>(std::max(area.width, area.height)) / kRegionMaskSide);
    const auto side = [&](std::int64_t length) { return std::max<std::int64_t>(1, std::llround(static_cast<double>(length) / scale)); };
    core::TissueMask tissue{core::Image(side(area.width), side(area.height), 1), area};
    const auto to_mask = [&](const core::Point& point) {
      return core::Point{(point.x + static_cast<double>(slide.bounds.x - area.x)) * static_cast<double>(tissue.mask.width()) /
                             static_cast<double>(area.width),
                         (point.y + static_cast<double>(slide.bounds.y - area.y)) * static_cast<double>(tissue.mask.height()) /
                             static_cast<double>(area.height)};
    };
    core::PolygonFill fill;
    for (const bool cut_out : {false, true}) {
      for (GeoJsonRegion& region : file.regions) {
        if (region.is_ignored() != cut_out) continue;
        for (core::Polygon& polygon : region.polygons) {
          for (core::Ring& ring : polygon) std::transform(ring.begin(), ring.end(), ring.begin(), to_mask);
          fill.add(polygon, cut_out ? 0 : 1);
        }
      }
    }
    for (std::int64_t y = 0; y < tissue.mask.height(); ++y)
      fill.paint_row(static_cast<double>(y) + 0.5, 0.5, 1, {tissue.mask.at(0, y), static_cast<std::size_t>(tissue.mask.width())});
    return tissue;
  });
}

}  // namespace wsi_lpd::slide
