#include "report_regions.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "html.hpp"
#include "number_text.hpp"
#include "report_grid.hpp"
#include "report_plots.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::output {
namespace {

/// A page with more lines or plots than these would be of no use; the table has all.
constexpr std::size_t kMostRows = 200, kMostPlots = 24;

std::string number_cell(const std::string& content) { return "<td class=\"number\">" + content + "</td>"; }

/// Something that the deep-zoom view can show; viewer_regions.js knows it by `kind` and number.
std::string shown(const std::string& text, const char* kind, const MeasuredRegion& region, bool has_outlines) {
  std::string words = "<bdi>" + html(text) + "</bdi>";
  if (!has_outlines) return words;
  return "<a href=\"#map\" data-" + std::string(kind) + "=\"" + std::to_string(region.number) + "\">" + words + "</a>";
}

std::string row(const MeasuredRegion& region, const core::ClassScheme& classes, bool has_outlines, bool has_spots) {
  const std::string title = region_title(region);
  const bool is_drawn = has_outlines && region.number > 0;
  std::string text = "<tr><th scope=\"row\">" + shown(title, "region", region, is_drawn) + "</th><td><bdi>" + html(region.class_name) +
                     "</bdi></td>" + number_cell(area_text(region.whole));
  for (const std::string& share : share_texts(region.whole, classes)) text += number_cell(share);
  if (has_spots) {
    const auto& spot = region.hot_spot;
    text += "<td>" + (spot ? shown(spot_title(*spot), "spot", region, has_outlines) : "–") + "</td>";
  }
  return text + "</tr>\n";
}

/// Indices of the largest regions, in their order.
std::vector<std::size_t> largest(const std::vector<MeasuredRegion>& regions) {
  std::vector<std::size_t> order(regions.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (order.size() <= kMostRows) return order;
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) { return regions[i].whole.area; });
  order.resize(kMostRows);
  std::ranges::sort(order);
  return order;
}

std::string table(const ReportRegions& measured, const core::ClassScheme& classes) {
  const bool has_spots = std::ranges::any_of(measured.regions, [](const MeasuredRegion& region) { return region.hot_spot.has_value(); });
  std::string head = "<th scope=\"col\">Region</th><th scope=\"col\">Class</th><th scope=\"col\" class=\"number\">Area</th>", rows;
  for (std::size_t c = 0; c < classes.names.size(); ++c)
    head += "<th scope=\"col\" class=\"number\">" + swatch(classes.colours[c]) + "<bdi>" + html(classes.names[c]) + "</bdi></th>";
  if (has_spots) head += "<th scope=\"col\">Hot spot</th>";
  const std::vector<std::size_t> order = largest(measured.regions);
  for (const std::size_t i : order) rows += row(measured.regions[i], classes, measured.has_outlines, has_spots);
  std::string text = "<div class=\"wide\" tabindex=\"0\"><table class=\"cases\"><thead><tr>" + head + "</tr></thead><tbody>\n" + rows +
                     "</tbody></table></div>\n<p class=\"note\">Classes: shares of the pixels that have a class.";
  if (order.size() < measured.regions.size())
    text += " These are the " + grouped(std::ssize(order)) + " largest of " + grouped(std::ssize(measured.regions)) + " regions.";
  return text + "</p>\n";
}

std::string bands(const ReportRegions& measured, const core::ClassScheme& classes) {
  std::string plots;
  std::size_t drawn = 0, left = 0, empty = 0;
  for (const std::size_t i : largest(measured.regions)) {
    const MeasuredRegion& region = measured.regions[i];
    for (auto begin = region.bands.begin(); begin != region.bands.end();) {
      auto end = begin + 1;  // bands of another option may overlap these: they have a plot of their own
      while (end != region.bands.end() && end->of == begin->of && end->from >= (end - 1)->to) ++end;
      const std::string title = region_title(region), border = begin->of.empty() ? "its border" : "border of " + begin->of;
      if (std::all_of(begin, end, [](const MeasuredBand& band) { return band.area.shares.empty(); })) {
        ++empty;
      } else if (drawn < kMostPlots) {
        const std::string label = std::string(title).append(", ").append(border);
        plots += "<figure><figcaption><bdi>" + html(title) + "</bdi> <small>distance from <bdi>" + html(border) +
                 "</bdi>, negative inside</small></figcaption>" + band_plot(label, {begin, end}, classes) + "</figure>\n";
        ++drawn;
      } else {
        ++left;
      }
      begin = end;
    }
  }
  if (plots.empty()) return {};
  std::string more = left > 0 ? " " + grouped(static_cast<std::int64_t>(left)) + " more borders have no plot here." : "";
  if (empty > 0) more += " Borders without a pixel of any class in their bands have none.";
  return "<h2>Bands</h2>\n<div class=\"plots\">\n" + plots +
         "</div>\n<p class=\"note\">Each column is a band, divided by the shares of the classes among its pixels that have one; the line "
         "is "
         "the border." +
         more + "</p>\n";
}

std::string distances(const ReportRegions& measured) {
  const auto um = [](const std::optional<double>& value) { return value ? with_unit(short_number(*value), "µm") : "–"; };
  const auto range = [&](const auto& quantiles, std::size_t from, std::size_t to) {
    return quantiles[from] && quantiles[to] ? short_number(*quantiles[from]) + " to " + um(quantiles[to]) : "–";
  };
  std::string rows;
  for (const std::size_t i : largest(measured.regions)) {
    const MeasuredRegion& region = measured.regions[i];
    for (const MeasuredDistance& distance : region.distances) {
      const std::size_t colon = std::min(distance.of.find(':'), distance.of.size());
      const std::string from = distance.of.substr(0, colon), to = distance.of.substr(std::min(colon + 1, distance.of.size()));
      rows += "<tr><th scope=\"row\"><bdi>" + html(region_title(region)) + "</bdi></th><td><bdi>" + html(from) + "</bdi></td><td><bdi>" +
              html(to) + "</bdi></td>" + number_cell(um(distance.quantiles[2])) + number_cell(range(distance.quantiles, 1, 3)) +
              number_cell(range(distance.quantiles, 0, 4)) +
              number_cell(distance.beyond && distance.maximum ? percent(*distance.beyond) + " beyond " + um(distance.maximum) : "–") +
              "</tr>\n";
    }
  }
  if (rows.empty()) return {};
  std::string head = "<th scope=\"col\">Region</th><th scope=\"col\">From</th><th scope=\"col\">To the border of</th>";
  for (const char* name : {"Median", "Middle half", "5 to 95 %", "Farther"})
    head += std::string("<th scope=\"col\" class=\"number\">") + name + "</th>";
  return "<h2>Distances</h2>\n<div class=\"wide\" tabindex=\"0\"><table class=\"cases\"><thead><tr>" + head + "</tr></thead><tbody>\n" +
         rows +
         "</tbody></table></div>\n<p class=\"note\">How far the pixels of one class in a region are from the nearest of the other, "
         "wherever on the slide that lies. Quantiles are of all pixels; beyond the maximum that was asked for there are none.</p>\n";
}

std::string grids(const ReportRegions& measured, const core::ClassScheme& classes) {
  std::string plots;
  std::size_t drawn = 0, left = 0;
  for (const std::size_t i : largest(measured.regions)) {
    const MeasuredRegion& region = measured.regions[i];
    if (region.squares.empty()) continue;
    if (drawn == kMostPlots || region.squares.size() > kMostSquaresOfPlot) {
      ++left;
      continue;
    }
    ++drawn;
    const std::string title = region_title(region);
    plots += "<figure><figcaption><bdi>" + html(title) + "</bdi> <small>share of <bdi>" + html(region.hot_spot->of) +
             "</bdi> in squares of the grid</small></figcaption>" + grid_plot(title, region, classes) + "</figure>\n";
  }
  if (drawn + left == 0) return {};
  std::string note =
      "The darker a square, the larger the share of the class among its pixels that have one; the hot spot is framed. "
      "A square of which less than half has a class is none.";
  if (left > 0) note += " " + core::count_of(left, "region has", "regions have") + " no plot here, or more squares than a plot can show.";
  return "<h2>Grid</h2>\n<div class=\"plots\">\n" + plots + "</div>\n<p class=\"note\">" + note + "</p>\n";
}

}  // namespace

std::string region_title(const MeasuredRegion& region) {
  return region.name.empty() ? "region " + std::to_string(region.number) : region.name;
}

std::string spot_title(const MeasuredSpot& spot) { return "hot spot of " + spot.of + ", " + percent(spot.share); }

std::string area_text(const MeasuredArea& area) {
  return area.unit == "mm2" ? area_text(area.area) : with_unit(grouped(std::llround(area.area)), "px");
}

std::vector<std::string> share_texts(const MeasuredArea& area, const core::ClassScheme& classes) {
  std::vector<std::string> texts;
  for (const std::string& name : classes.names) {
    const auto share = area.shares.find(name);
    texts.push_back(share == area.shares.end() ? "–" : percent(share->second));
  }
  return texts;
}

std::string region_section(const ReportContent& content, std::size_t slide) {
  const auto& measured = content.slides[slide].regions;
  if (!measured) return {};
  const core::ClassScheme& classes = content.results.complete[slide].statistics.classes;
  const std::filesystem::path file = content.results_link / measured->table.lexically_relative(content.results.path);
  std::string notes;
  for (const std::string& note : measured->notes) notes += "<p class=\"note\">" + html(note) + ".</p>\n";
  return "<section id=\"regions\"><h2>Regions</h2>\n<p class=\"note\">" + grouped(std::ssize(measured->regions)) +
         (measured->regions.size() == 1 ? " region" : " regions") + "; all figures are in <a href=\"" + link(file) + "\"><bdi>" +
         html(measured->table.filename().string()) + "</bdi></a>, which docs/measure.md defines.</p>\n" + notes +
         table(*measured, classes) + bands(*measured, classes) + distances(*measured) + grids(*measured, classes) + "</section>\n";
}

}  // namespace wsi_lpd::output
