#include "report_grid.hpp"

#include <algorithm>
#include <cmath>

#include "html.hpp"
#include "number_text.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::output {
namespace {

std::string rectangle(const MeasuredSquare& square, double pitch, const std::string& rest) {
  const auto at = [](double value) { return core::fixed(value, 2); };
  return "<rect x=\"" + at(static_cast<double>(square.column) * pitch) + "\" y=\"" + at(static_cast<double>(square.row) * pitch) +
         "\" width=\"" + at(pitch) + "\" height=\"" + at(pitch) + "\" " + rest;
}

}  // namespace

std::string grid_plot(const std::string& title, const MeasuredRegion& region, const core::ClassScheme& classes) {
  constexpr double kWidth = 360, kMostHeight = 240, kMargin = 2;
  const std::vector<MeasuredSquare>& squares = region.squares;
  const auto [left, right] = std::ranges::minmax(squares, {}, &MeasuredSquare::column);
  const auto [top, bottom] = std::ranges::minmax(squares, {}, &MeasuredSquare::row);
  const auto columns = static_cast<double>(right.column - left.column + 1), rows = static_cast<double>(bottom.row - top.row + 1);
  const double pitch = std::min((kWidth - 2 * kMargin) / columns, (kMostHeight - 2 * kMargin) / rows);
  const MeasuredSpot& spot = region.hot_spot.value();
  const auto found = std::ranges::find(classes.names, spot.of);
  const std::string colour =
      found == classes.names.end() ? "#888" : core::to_string(classes.colours[static_cast<std::size_t>(found - classes.names.begin())]);
  std::string drawing = "<svg class=\"plot\" role=\"img\" viewBox=\"0 0 " + core::fixed(kWidth, 0) + " " +
                        core::fixed(std::ceil(rows * pitch + 2 * kMargin), 0) + "\" aria-label=\"" +
                        html(title + ": share of " + spot.of + " in " + std::to_string(squares.size()) + " squares") +
                        "\"><g transform=\"translate(" + core::fixed(kMargin - static_cast<double>(left.column) * pitch, 2) + " " +
                        core::fixed(kMargin - static_cast<double>(top.row) * pitch, 2) + ")\">";
  std::string frame;
  for (const MeasuredSquare& square : squares) {
    const std::string words =
        "column " + std::to_string(square.column) + ", row " + std::to_string(square.row) + ": " + percent(square.share);
    drawing +=
        rectangle(square, pitch, "class=\"column\" fill-opacity=\"" + core::fixed(square.share, 3) + "\" style=\"fill:" + colour + "\">") +
        "<title>" + html(words) + "</title></rect>";
    const bool is_spot = std::llround(spot.x / spot.side) + 1 == square.column && std::llround(spot.y / spot.side) + 1 == square.row;
    if (is_spot) frame = rectangle(square, pitch, "class=\"spot\"/>");
  }
  return drawing + frame + "</g></svg>\n";
}

}  // namespace wsi_lpd::output
