#include "wsi_lpd/output/region_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>

#include "figures.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/core/utf8.hpp"

namespace wsi_lpd::output {
namespace {

// What the reader looks for.
constexpr const char *kArea = "area", *kShare = "share_of_classes";
constexpr const char *kSpotX = "hot_spot_x", *kSpotY = "hot_spot_y", *kSpotSide = "hot_spot_side",
                     *kSpotShare = "hot_spot_share_of_classes";
constexpr const char *kMaximum = "distance_maximum", *kBeyond = "distance_beyond", *kMean = "distance_mean";
constexpr std::array kQuantiles{"distance_q05", "distance_q25", "distance_median", "distance_q75", "distance_q95"};
const std::string kBand = "band ", kMargin = "margin ", kTo = "..", kSquare = "square ";

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
  lines.add_area("", kArea, pixels);
  lines.add_area("", "tissue", s.tissue_pixels);
  lines.add_area("", "unreadable", s.unreadable_pixels);
  lines.add("", "tumour_stroma_ratio", tumour_stroma_ratio(s), "1");
  lines.add("", "til_fraction", til_fraction(s), "1");
}

void add_class(Lines& lines, std::int64_t pixels, const SlideStatistics& s, std::size_t c) {
  const std::string& name = s.classes.names[c];
  lines.add_area(name, kArea, s.per_class[c].pixels);
  lines.add(name, "fraction_of_region", ratio(s.per_class[c].pixels, pixels), "1");
  lines.add(name, kShare, share_of_classes(s, c), "1");
}

void add_distance(Lines& lines, const ClassDistance& distance, const core::ClassScheme& classes) {
  const std::string of = classes.names[distance.from] + ":" + classes.names[distance.to];
  lines.add(of, kMaximum, distance.maximum, "um");
  lines.add(of, kBeyond, ratio(distance.beyond, distance.pixels), "1");
  lines.add(of, kMean, distance.mean, "um");
  for (std::size_t i = 0; i < kQuantiles.size(); ++i) lines.add(of, kQuantiles[i], distance.quantiles[i], "um");
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
    lines.add(of, kSpotX, static_cast<double>(spot->column - 1) * side, "px");
    lines.add(of, kSpotY, static_cast<double>(spot->row - 1) * side, "px");
    lines.add(of, kSpotSide, side, "px");
    lines.add(of, kSpotShare, spot->share, "1");
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

template <class Number = double>
Number number_of(const std::string& text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(static_cast<double>(value)))
    throw core::Error("'" + text + "' is no number");
  return value;
}

/// Puts together what the lines of a table say.
class Reading {
 public:
  std::map<std::string, std::vector<MeasuredRegion>> slides;

  void add(const std::vector<std::string>& fields) {
    const std::string &slide = fields[0], &label = fields[1], &of = fields[5], &measure = fields[6];
    const std::size_t blank = std::min(label.find(' '), label.size());
    const auto number = number_of<std::size_t>(label.substr(0, blank));
    std::vector<MeasuredRegion>& regions = slides[slide];
    if (regions.empty() || regions.back().number != number) regions.push_back({number, fields[2], fields[3], {}});
    MeasuredRegion& region = regions.back();
    if (label.compare(std::min(blank + 1, label.size()), kSquare.size(), kSquare) == 0)
      return add_square(region, label.substr(blank + 1 + kSquare.size()), of, measure, fields[7]);
    MeasuredArea* area = blank == label.size() ? &region.whole : band_of(region, label.substr(blank + 1));
    if (!area) return;
    if (measure == kArea && of.empty()) {
      area->area = number_of(fields[7]);
      area->unit = fields[8];
    } else if (measure == kShare) {
      area->shares[of] = number_of(fields[7]);
    } else if (measure.starts_with("hot_spot")) {
      if (!region.hot_spot) region.hot_spot = MeasuredSpot{of};
      MeasuredSpot& spot = *region.hot_spot;
      for (const auto& [name, value] : {std::pair(kSpotX, &spot.x), {kSpotY, &spot.y}, {kSpotSide, &spot.side}, {kSpotShare, &spot.share}})
        if (measure == name) *value = number_of(fields[7]);
    } else if (measure.starts_with("distance_")) {
      add_distance(region, of, measure, fields[7]);
    }
  }

 private:
  static void add_square(MeasuredRegion& region, const std::string& place, const std::string& of, const std::string& measure,
                         const std::string& value) {
    if (measure != kShare || !region.hot_spot || region.hot_spot->of != of) return;
    const std::size_t blank = std::min(place.find(' '), place.size());
    region.squares.push_back({number_of<std::int64_t>(place.substr(0, blank)),
                              number_of<std::int64_t>(place.substr(std::min(blank + 1, place.size()))), number_of(value)});
  }

  static void add_distance(MeasuredRegion& region, const std::string& of, const std::string& measure, const std::string& value) {
    if (region.distances.empty() || region.distances.back().of != of) region.distances.push_back({of});
    MeasuredDistance& distance = region.distances.back();
    for (const auto& [name, field] : {std::pair(kMaximum, &distance.maximum), {kBeyond, &distance.beyond}, {kMean, &distance.mean}})
      if (measure == name) *field = number_of(value);
    for (std::size_t i = 0; i < kQuantiles.size(); ++i)
      if (measure == kQuantiles[i]) distance.quantiles[i] = number_of(value);
  }

  /// Of a part's name; null where it is no band.
  static MeasuredArea* band_of(MeasuredRegion& region, const std::string& part) {
    const std::size_t start = part.starts_with(kBand) ? kBand.size() : kMargin.size(), blank = part.rfind(' '), dots = part.rfind(kTo);
    if ((!part.starts_with(kBand) && !part.starts_with(kMargin)) || dots == std::string::npos || dots < blank) return nullptr;
    const std::string of = blank > start ? part.substr(start, blank - start) : "";
    const double from = number_of(part.substr(blank + 1, dots - blank - 1)), to = number_of(part.substr(dots + kTo.size()));
    const auto is_last =
        !region.bands.empty() && region.bands.back().of == of && region.bands.back().from == from && region.bands.back().to == to;
    if (!is_last) region.bands.push_back({of, from, to, {}});
    return &region.bands.back().area;
  }
};

}  // namespace

std::string region_table_header() {
  return core::csv_line({"slide", "region", "region_name", "region_class", "region_id", "class", "measure", "value", "unit"});
}

std::string band_name(const std::string& of, double from, double to) {
  return (of.empty() ? kMargin : kBand + of + " ") + core::shortest(from) + kTo + core::shortest(to);
}

std::string region_table_lines(const std::string& slide, const std::vector<RegionStatistics>& regions) {
  std::string text;
  for (const RegionStatistics& region : regions) text += region_lines(slide, region) + part_lines(slide, region);
  return text;
}

std::map<std::string, std::vector<MeasuredRegion>> read_region_table(const std::filesystem::path& path) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  const std::string header = region_table_header();
  std::ifstream stream(path, std::ios::binary);
  std::string piece = header, line;
  if (!std::getline(stream, line) || line + "\n" != header) throw core::Error(path.string() + ": can't be read, or is no table of regions");
  Reading reading;
  const auto take = [&] {
    for (const core::CsvTable::Row& row : core::CsvTable::parse(piece, "a line").rows) reading.add(row.fields);
    piece.resize(header.size());
  };
  return core::with_context(path.string(), [&] {
    for (bool is_quoted = false; std::getline(stream, line);) {
      piece += line + "\n";
      is_quoted ^= std::ranges::count(line, '"') % 2 != 0;
      if (!is_quoted && piece.size() > kPiece) take();
    }
    take();
    return std::move(reading.slides);
  });
}

}  // namespace wsi_lpd::output
