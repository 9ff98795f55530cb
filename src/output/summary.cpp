#include "wsi_lpd/output/summary.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "figures.hpp"
#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/utf8.hpp"

namespace wsi_lpd::output {
namespace {

std::string number(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return {};
  std::ostringstream text;
  text.precision(9);
  text << *value;
  return text.str();
}

using NamePair = std::pair<std::string, std::string>;

std::vector<std::string> fields_of(const SlideStatistics& s, const std::vector<std::string>& classes,
                                   const std::vector<NamePair>& interfaces) {
  const auto total = s.seconds.find("total");
  std::vector<std::string> fields{core::utf8_of_bytes(s.slide),
                                  "complete",
                                  "",
                                  number(s.frame.mpp > 0 ? std::optional(s.frame.mpp) : std::nullopt),
                                  std::to_string(s.tissue_pixels),
                                  number(square_millimetres(s, s.tissue_pixels)),
                                  number(ratio(s.unlabelled_pixels, s.tissue_pixels)),
                                  number(ratio(s.unreadable_pixels, s.tissue_pixels)),
                                  number(tumour_stroma_ratio(s)),
                                  number(til_fraction(s)),
                                  number(s.mean_entropy),
                                  std::to_string(s.tiles_read),
                                  std::to_string(s.tiles_skipped),
                                  std::to_string(s.tiles_passed_over),
                                  std::to_string(s.tiles_unreadable),
                                  number(s.focus_median),
                                  number(s.out_of_focus),
                                  number(s.fit.features.share()),
                                  number(s.fit.stain.share()),
                                  number(total == s.seconds.end() ? std::nullopt : std::optional(total->second)),
                                  std::to_string(s.peak_memory_bytes),
                                  s.model_sha256,
                                  s.configuration_sha256};
  for (const std::string& name : classes) {
    const auto found = std::find(s.classes.names.begin(), s.classes.names.end(), name);
    if (found == s.classes.names.end()) {
      fields.insert(fields.end(), 7, "");
      continue;
    }
    const auto c = static_cast<std::size_t>(found - s.classes.names.begin());
    const ClassStatistics& figures = s.per_class[c];
    const auto bound = [&](std::size_t end) {
      return number(figures.share_interval ? std::optional(figures.share_interval->at(end)) : std::nullopt);
    };
    fields.push_back(number(square_millimetres(s, figures.pixels)));
    fields.push_back(number(ratio(figures.pixels, s.tissue_pixels)));
    fields.push_back(std::to_string(figures.regions));
    fields.push_back(number(square_millimetres(s, figures.largest_region)));
    fields.insert(fields.end(), {number(share_of_classes(s, c)), bound(0), bound(1)});
  }
  for (const auto& [first, second] : interfaces) fields.push_back(number(interface_millimetres(s, first, second)));
  return fields;
}

}  // namespace

bool SummaryColumns::add(const SlideStatistics& slide) {
  const std::size_t before = classes_.size() + interfaces_.size();
  for (const std::string& name : slide.classes.names) {
    if (std::ranges::find(classes_, name) == classes_.end()) classes_.push_back(name);
  }
  for (const raster::Interface& border : slide.interfaces) {
    const NamePair names{slide.classes.names[border.first], slide.classes.names[border.second]};
    const auto same = [&](const NamePair& known) { return known == names || known == NamePair{names.second, names.first}; };
    if (std::ranges::none_of(interfaces_, same)) interfaces_.push_back(names);
  }
  return classes_.size() + interfaces_.size() > before;
}

std::vector<std::string> SummaryColumns::names() const {
  std::vector<std::string> names{"slide",
                                 "status",
                                 "reason",
                                 "mpp",
                                 "tissue_pixels",
                                 "tissue_mm2",
                                 "unlabelled_fraction",
                                 "unreadable_fraction",
                                 "tumour_stroma_ratio",
                                 "til_fraction",
                                 "mean_entropy_bits",
                                 "tiles_read",
                                 "tiles_skipped",
                                 "tiles_passed_over",
                                 "tiles_unreadable",
                                 "focus_median",
                                 "out_of_focus_fraction",
                                 "fit_features",
                                 "fit_stain",
                                 "seconds",
                                 "peak_memory_bytes",
                                 "model_sha256",
                                 "configuration_sha256"};
  for (const std::string& name : classes_) {
    for (const char* figure :
         {"_mm2", "_fraction", "_regions", "_largest_region_mm2", "_share_of_classes", "_share_of_classes_low", "_share_of_classes_high"})
      names.push_back(name + figure);
  }
  for (const auto& [first, second] : interfaces_) names.push_back(interface_column(first, second));
  return names;
}

std::string SummaryColumns::header() const { return core::csv_line(names()); }
std::string SummaryColumns::line(const SlideStatistics& slide) const { return core::csv_line(fields_of(slide, classes_, interfaces_)); }
std::string SummaryColumns::failure_line(const std::string& slide, const std::string& reason) const {
  std::vector<std::string> fields{core::utf8_of_bytes(slide), "failed", core::utf8_of_bytes(reason)};
  fields.resize(names().size());
  return core::csv_line(fields);
}

std::string summary_text(const std::vector<SlideStatistics>& slides, const std::map<std::string, std::string>& failures) {
  SummaryColumns columns;
  for (const SlideStatistics& slide : slides) columns.add(slide);
  std::string text = columns.header();
  for (const SlideStatistics& slide : slides) text += columns.line(slide);
  for (const auto& [slide, reason] : failures) text += columns.failure_line(slide, reason);
  return text;
}

void write_summary(const std::filesystem::path& path, const std::vector<SlideStatistics>& slides,
                   const std::map<std::string, std::string>& failures) {
  core::write_text_file(path, summary_text(slides, failures));
}

std::map<std::string, std::string> read_failures(const std::filesystem::path& summary) {
  std::map<std::string, std::string> failures;
  if (!std::filesystem::exists(summary)) return failures;
  const core::CsvTable table = core::CsvTable::read(summary);
  const auto column = [&](const char* name) { return table.required_column(name, ": failures are unknown"); };
  const std::size_t slide = column("slide"), status = column("status"), reason = column("reason");
  for (const core::CsvTable::Row& row : table.rows) {
    if (row.fields[status] == "failed") failures[core::bytes_of_utf8(row.fields[slide])] = core::bytes_of_utf8(row.fields[reason]);
  }
  return failures;
}

}  // namespace wsi_lpd::output
