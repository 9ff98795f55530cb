#pragma once
// Private to src/output: the squares of a grid as a drawing in SVG.
#include <cstddef>
#include <string>

#include "wsi_lpd/output/region_table.hpp"

namespace wsi_lpd::output {

inline constexpr std::size_t kMostSquaresOfPlot = 2000;

/// The squares of a region that has a hot spot, in their places: the larger the share of its class, the more of the class's colour. The
/// hot spot has a frame.
std::string grid_plot(const std::string& title, const MeasuredRegion& region, const core::ClassScheme& classes);

}  // namespace wsi_lpd::output
