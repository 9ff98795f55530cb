#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "wsi_lpd/output/statistics.hpp"

namespace wsi_lpd::output {

/// What was measured in a region of a slide.
struct RegionStatistics {
  std::size_t number = 0;            ///< of the region in its file, from 1
  std::string id, name, class_name;  ///< the region's own, as its file has them
  std::int64_t pixels = 0;           ///< output pixels of the region that lie on the slide
  /// Of the slide frame, classes and µm/px; of the region what follows from its labels: `tissue_pixels` with a class or unreadable,
  /// `unreadable_pixels`, `per_class`, `interfaces`, `squares`, `mean_entropy`. The rest is empty.
  SlideStatistics figures;
};

/// The head of a table in long form, and the lines of one slide's regions in their order: a line for each figure of each region, or for
/// each figure of a class or of two classes ("STR|TUM") in it. Figures that do not exist have no line. docs/measure.md defines them.
/// Thread-safe.
std::string region_table_header();
std::string region_table_lines(const std::string& slide, const std::vector<RegionStatistics>& regions);

}  // namespace wsi_lpd::output
