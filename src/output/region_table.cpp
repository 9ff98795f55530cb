#include "wsi_lpd/output/region_table.hpp"

#include <array>
#include <cmath>
#include <optional>

#include "figures.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/core/utf8.hpp"

namespace wsi_lpd::output {
namespace {

/// The lines of one region, or of a part of it. `figures` are those of the region's slide and their classes' pixels.
class Lines {
 public:
  Lines(const std::string& slide, const RegionStatistics& region, const std::string& part, const SlideStatistics& figures)
      : figures_(figures),
        begin_{core::utf8_of_bytes(slide), std::to_string(region.number) + (part.empty() ? "" : " ") + core::utf8_of_bytes(part),
               core::utf8_of_bytes(region.name), core::utf8_of_bytes(region.class_name), core::utf8_of_bytes(region.id)} {}

  void add(const std::string& of, const char* measure, const std::optional<double>& value, const char* unit) {
    if (!value || !std::isfinite(*value)) return;
    std::vector<std::string> fields = begin_;
    fields.insert(fields.end(), {of, measure, core::shortest(*value), unit});
    text_ += core::csv_line(fields);
  }
  /// Of output pixels: in mm², or in pixels where µm/px is unknown.
  void add_area(const std::string& of, const char* measure, std::int64_t pixels) {
    const auto area = square_millimetres(figures_, pixels);
    add(of, measure, area ? area : std::optional(static_cast<double>(pixels)), area ? "mm2" : "px");
  }
  void add_length(const std::string& of, const char* measure, double pixels) {
    const auto length = millimetres(figures_, pixels);
    add(of, measure, length ? length : std::optional(pixels), length ? "mm" : "px");
  }
  const std::string& text() const { return text_; }

 private:
  const SlideStatistics& figures_;
  std::vector<std::string> begin_;
  std::string text_;
};

/// What any area has.
void add_area(Lines& lines, std::int64_t pixels, const SlideStatistics& s) {
  lines.add_area("", "area", pixels);
  lines.add_area("", "tissue", s.tissue_pixels);
  lines.add_area("", "unreadable", s.unreadable_pixels);
  lines.add("", "tumour_stroma_ratio", tumour_stroma_ratio(s), "1");
  lines.add("", "til_fraction", til_fraction(s), "1");
}

void add_class(Lines& lines, std::int64_t pixels, const SlideStatistics& s, std::size_t c) {
  const std::string& name = s.classes.names[c];
  lines.add_area(name, "area", s.per_class[c].pixels);
  lines.add(name, "fraction_of_region", ratio(s.per_class[c].pixels, pixels), "1");
  lines.add(name, "share_of_classes", share_of_classes(s, c), "1");
}

void add_distance(Lines& lines, const ClassDistance& distance, const core::ClassScheme& classes) {
  const std::string of = classes.names[distance.from] + ":" + classes.names[distance.to];
  lines.add(of, "distance_maximum", distance.maximum, "um");
  lines.add(of, "distance_beyond", ratio(distance.beyond, distance.pixels), "1");
  lines.add(of, "distance_mean", distance.mean, "um");
  constexpr std::array kNames{"distance_q05", "distance_q25", "distance_median", "distance_q75", "distance_q95"};
  for (std::size_t i = 0; i < kNames.size(); ++i) lines.add(of, kNames[i], distance.quantiles[i], "um");
}

std::string region_lines(const std::string& slide, const RegionStatistics& region) {
  const SlideStatistics& s = region.figures;
  Lines lines(slide, region, "", s);
  add_area(lines, region.pixels, s);
  lines.add("", "mean_entropy", s.mean_entropy, "bits");
  for (std::size_t c = 0; c < s.per_class.size(); ++c) {
    const ClassStatistics& figures = s.per_class[c];
    const std::string& name = s.classes.names[c];
    add_class(lines, region.pixels, s, c);
    if (figures.share_interval) {
      lines.add(name, "share_of_classes_low", figures.share_interval->at(0), "1");
      lines.add(name, "share_of_classes_high", figures.share_interval->at(1), "1");
    }
    lines.add(name, "pieces", static_cast<double>(figures.regions), "1");
    lines.add_area(name, "largest_piece", figures.largest_region);
  }
  for (const raster::Interface& border : s.interfaces)
    lines.add_length(s.classes.names[border.first] + "|" + s.classes.names[border.second], "interface", border.length);
  for (const ClassDistance& distance : region.distances) add_distance(lines, distance, s.classes);
  if (const auto& spot = region.hot_spot) {
    const std::string& of = s.classes.names[spot->of];
    lines.add(of, "hot_spot_column", static_cast<double>(spot->column), "1");
    lines.add(of, "hot_spot_row", static_cast<double>(spot->row), "1");
    const double side = static_cast<double>(spot->side) * s.frame.scale;
    lines.add(of, "hot_spot_x", static_cast<double>(spot->column - 1) * side, "px");
    lines.add(of, "hot_spot_y", static_cast<double>(spot->row - 1) * side, "px");
    lines.add(of, "hot_spot_side", side, "px");
    lines.add(of, "hot_spot_share_of_classes", spot->share, "1");
  }
  return lines.text();
}

std::string part_lines(const std::string& slide, const RegionStatistics& region) {
  SlideStatistics s;
  s.frame = region.figures.frame;
  s.classes = region.figures.classes;
  s.per_class.resize(s.classes.names.size());
  std::string text;
  for (const RegionPart& part : region.parts) {
    const Composition& composition = part.composition;
    s.tissue_pixels = s.unreadable_pixels = composition.unreadable;
    for (std::size_t c = 0; c < s.per_class.size(); ++c) s.tissue_pixels += s.per_class[c].pixels = composition.classes[c];
    Lines lines(slide, region, part.name, s);
    add_area(lines, composition.pixels, s);
    for (std::size_t c = 0; c < s.per_class.size(); ++c) add_class(lines, composition.pixels, s, c);
    text += lines.text();
  }
  return text;
}

}  // namespace

std::string region_table_header() {
  return core::csv_line({"slide", "region", "region_name", "region_class", "region_id", "class", "measure", "value", "unit"});
}

std::string region_table_lines(const std::string& slide, const std::vector<RegionStatistics>& regions) {
  std::string text;
  for (const RegionStatistics& region : regions) text += region_lines(slide, region) + part_lines(slide, region);
  return text;
}

}  // namespace wsi_lpd::output
