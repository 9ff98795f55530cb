#include "annotation_place.hpp"

#include <algorithm>
#include <cmath>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

constexpr double kRim = 0.1;    ///< share of a region's box that may lie beyond the slide unsaid: people draw over its edge
constexpr double kAlike = 1.3;  ///< µm/px up to which, and from whose inverse on, µm and pixels are much the same

struct Box {
  double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
  double area() const { return std::max(0.0, right - left) * std::max(0.0, bottom - top); }
};

Box box_of(const slide::Annotation& region) {
  Box box;
  for (const core::Polygon& polygon : region.polygons) {
    for (const core::Ring& ring : polygon) {
      for (const core::Point& point : ring)
        box = {std::min(box.left, point.x), std::min(box.top, point.y), std::max(box.right, point.x), std::max(box.bottom, point.y)};
    }
  }
  return box;
}

Box common(const Box& a, const Box& b) {
  return {std::max(a.left, b.left), std::max(a.top, b.top), std::min(a.right, b.right), std::min(a.bottom, b.bottom)};
}

}  // namespace

std::vector<std::string> check_place(const slide::Annotations& annotations, const core::Frame& frame, const std::filesystem::path& file) {
  const Box slide{0, 0, static_cast<double>(frame.bounds.width), static_cast<double>(frame.bounds.height)};
  const std::string size = std::to_string(frame.bounds.width) + " x " + std::to_string(frame.bounds.height) + " level-0 pixels";
  std::vector<std::string> beyond;
  std::size_t outside = 0;
  for (const slide::Annotation& region : annotations.regions) {
    const Box box = box_of(region);
    const double inside = common(box, slide).area();
    if (inside == 0) ++outside;
    if (inside > 0 && inside < (1 - kRim) * box.area()) beyond.push_back(std::to_string(region.number));
  }
  if (outside == annotations.regions.size())
    throw core::Error(file.string() + ": its regions lie outside of the slide (" + size + "); are they of another slide, or in um?");
  if (beyond.empty()) return {};
  return {file.string() + ": " + core::count_of(beyond.size(), "region reaches", "regions reach") + " beyond the slide (" + size +
          "), where nothing is measured: feature " + core::joined_first(beyond)};
}

std::optional<slide::Annotations> annotations_in_um(const slide::Annotations& annotations, const core::Frame& frame) {
  const double mpp = frame.mpp / frame.scale;
  if (mpp <= 0 || (mpp > 1 / kAlike && mpp < kAlike)) return {};
  const auto width = static_cast<double>(frame.bounds.width), height = static_cast<double>(frame.bounds.height);
  slide::Annotations scaled = annotations;
  for (slide::Annotation& region : scaled.regions) {
    for (core::Polygon& polygon : region.polygons) {
      for (core::Ring& ring : polygon)
        for (core::Point& point : ring) point = {point.x / mpp, point.y / mpp};
    }
    const Box box = box_of(region);
    if (box.left < 0 || box.top < 0 || box.right > width || box.bottom > height) return {};
  }
  scaled.ignored.clear();
  return scaled;
}

}  // namespace wsi_lpd::pipeline::review
