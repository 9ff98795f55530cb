#pragma once
// Private to src/output: drawings in SVG. Colours of text and lines are the page's (report.css), so that they follow its dark mode.
#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "report_figures.hpp"
#include "wsi_lpd/output/region_table.hpp"

namespace wsi_lpd::output {

/// A dot of a plot, with its text and where it leads ("" for nowhere).
struct PlotPoint {
  double value = 0;
  std::string title, href;
};

/// What is usual of a figure: box over the middle half, whiskers to the last values inside Tukey's fences, dots for `points`; `mark`, if
/// given, is shown as a pointer. The scale starts at 0 where nothing is negative.
std::string box_plot(const Figure& figure, const Spread& spread, const std::vector<double>& values, const std::vector<PlotPoint>& points,
                     const std::optional<double>& mark);

/// A group of a plot: all its values, and their mean with its interval.
struct PlotGroup {
  std::string name;
  std::vector<PlotPoint> points;
  std::optional<double> mean{};
  std::optional<std::array<double, 2>> interval{};
};
/// Groups below each other on one scale: a dot for each value, and below them the mean as a line, its interval as a bar.
std::string group_plot(const Figure& figure, const std::vector<PlotGroup>& groups);

/// Bands along one border as columns over their distance from it, divided by the shares of the classes. The border is a line at 0.
std::string band_plot(const std::string& title, std::span<const MeasuredBand> bands, const core::ClassScheme& classes);

/// The classes of a slide as shares of its tissue, side by side; what no class claims is left empty, the unreadable is dark.
std::string share_bar(const SlideStatistics& statistics);

/// Time of each stage as bars, the total first. Stages may run side by side, on several threads: they need not add up.
std::string time_bars(const std::map<std::string, double>& seconds);

}  // namespace wsi_lpd::output
