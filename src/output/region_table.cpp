#include "wsi_lpd/output/region_table.hpp"

#include <cmath>
#include <optional>

#include "figures.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/core/utf8.hpp"

namespace wsi_lpd::output {
namespace {

/// The lines of one region.
class Lines {
 public:
  Lines(const std::string& slide, const RegionStatistics& region)
      : region_(region),
        begin_{core::utf8_of_bytes(slide), std::to_string(region.number), core::utf8_of_bytes(region.name),
               core::utf8_of_bytes(region.class_name), core::utf8_of_bytes(region.id)} {}

  void add(const std::string& of, const char* measure, const std::optional<double>& value, const char* unit) {
    if (!value || !std::isfinite(*value)) return;
    std::vector<std::string> fields = begin_;
    fields.insert(fields.end(), {of, measure, core::shortest(*value), unit});
    text_ += core::csv_line(fields);
  }
  /// Of output pixels: in mm², or in pixels where µm/px is unknown.
  void add_area(const std::string& of, const char* measure, std::int64_t pixels) {
    const auto area = square_millimetres(region_.figures, pixels);
    add(of, measure, area ? area : std::optional(static_cast<double>(pixels)), area ? "mm2" : "px");
  }
  void add_length(const std::string& of, const char* measure, double pixels) {
    const auto length = millimetres(region_.figures, pixels);
    add(of, measure, length ? length : std::optional(pixels), length ? "mm" : "px");
  }
  const std::string& text() const { return text_; }

 private:
  const RegionStatistics& region_;
  std::vector<std::string> begin_;
  std::string text_;
};

void add_classes(Lines& lines, const RegionStatistics& region) {
  const SlideStatistics& s = region.figures;
  for (std::size_t c = 0; c < s.per_class.size(); ++c) {
    const ClassStatistics& figures = s.per_class[c];
    const std::string& name = s.classes.names[c];
    lines.add_area(name, "area", figures.pixels);
    lines.add(name, "fraction_of_region", ratio(figures.pixels, region.pixels), "1");
    lines.add(name, "share_of_classes", share_of_classes(s, c), "1");
    if (figures.share_interval) {
      lines.add(name, "share_of_classes_low", figures.share_interval->at(0), "1");
      lines.add(name, "share_of_classes_high", figures.share_interval->at(1), "1");
    }
    lines.add(name, "pieces", static_cast<double>(figures.regions), "1");
    lines.add_area(name, "largest_piece", figures.largest_region);
  }
}

}  // namespace

std::string region_table_header() {
  return core::csv_line({"slide", "region", "region_name", "region_class", "region_id", "class", "measure", "value", "unit"});
}

std::string region_table_lines(const std::string& slide, const std::vector<RegionStatistics>& regions) {
  std::string text;
  for (const RegionStatistics& region : regions) {
    const SlideStatistics& s = region.figures;
    Lines lines(slide, region);
    lines.add_area("", "area", region.pixels);
    lines.add_area("", "tissue", s.tissue_pixels);
    lines.add_area("", "unreadable", s.unreadable_pixels);
    lines.add("", "tumour_stroma_ratio", tumour_stroma_ratio(s), "1");
    lines.add("", "til_fraction", til_fraction(s), "1");
    lines.add("", "mean_entropy", s.mean_entropy, "bits");
    add_classes(lines, region);
    for (const raster::Interface& border : s.interfaces)
      lines.add_length(s.classes.names[border.first] + "|" + s.classes.names[border.second], "interface", border.length);
    text += lines.text();
  }
  return text;
}

}  // namespace wsi_lpd::output
