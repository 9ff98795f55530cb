#pragma once
#include <optional>
#include <string>
#include <vector>

namespace wsi_lpd::pipeline::review {

/// Bands along a border: between neighbouring bounds, which ascend; µm from the border, negative inside.
struct Bands {
  std::string of;  ///< a class of the results; of regions their class, empty for all regions
  std::vector<double> bounds;
};

/// How far the pixels of one class are from the nearest pixel of another.
struct DistanceBetween {
  std::string from, to;   ///< classes of the results
  double maximum = 1000;  ///< µm; what is as far or farther counts as beyond
};

/// Squares of `area` mm² from the top left of the slide's bounds, of which that with most of a class is wanted.
struct SquareGrid {
  double area = 1;
  std::string of;  ///< a class of the results
};

/// What is measured beside the regions themselves; docs/measure.md defines it.
struct MeasureOptions {
  std::vector<Bands> class_bands{};   ///< along the border of a class, within each region
  std::vector<Bands> region_bands{};  ///< along the border of each region, on both sides
  std::vector<DistanceBetween> distances{};
  std::optional<SquareGrid> grid{};
};

/// "TUM:-500,0,500", "-500,0,500" (`of` stays empty); "LYM:TUM" or "LYM:TUM:200"; "1mm2:LYM". The bounds stand behind the last colon, the
/// area before the first. Throw UsageError that says why, and not of which text: no such form, bounds that are no numbers or do not ascend,
/// a maximum or area that is none. Thread-safe.
Bands parse_bands(const std::string& text);
DistanceBetween parse_distance(const std::string& text);
SquareGrid parse_grid(const std::string& text);

/// The classes of the results that the options name, each once, in their order.
std::vector<std::string> classes_in(const MeasureOptions& options);

}  // namespace wsi_lpd::pipeline::review
