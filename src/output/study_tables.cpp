#include "study_tables.hpp"

#include "wsi_lpd/core/csv.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/core/utf8.hpp"

namespace wsi_lpd::output {
namespace {

std::string number(const std::optional<double>& value) { return value ? core::shortest(*value) : ""; }

std::string bound(const std::optional<std::array<double, 2>>& interval, std::size_t end) {
  return interval ? core::shortest(interval->at(end)) : "";
}

/// As regions.csv has units.
std::string unit(const StudyMeasure& measure) {
  if (measure.unit == "mm²") return "mm2";
  return measure.unit.empty() || measure.unit == "%" ? "1" : measure.unit;
}

}  // namespace

std::string cases_table(const Study& study) {
  std::vector<std::string> head{"case", "group", "slides", "slides_left_out"};
  for (const StudyMeasure& measure : study.measures) head.push_back(measure.column);
  std::string text = core::csv_line(head);
  for (std::size_t i = 0; i < study.cases.size(); ++i) {
    const StudyCase& each = study.cases[i];
    std::vector<std::string> fields{each.name, each.group, std::to_string(each.slides.size()), std::to_string(each.left_out)};
    for (const StudyMeasure& measure : study.measures) fields.push_back(number(measure.values[i]));
    text += core::csv_line(fields);
  }
  return text;
}

std::string groups_table(const Study& study) {
  std::string text = core::csv_line({"measure", "unit", "group", "cases", "mean", "mean_low", "mean_high", "median"});
  for (const StudyMeasure& measure : study.measures) {
    for (std::size_t g = 0; g < study.groups.size(); ++g) {
      const GroupFigures& figures = measure.groups[g];
      text += core::csv_line({measure.column, unit(measure), study.groups[g], std::to_string(figures.cases), number(figures.mean),
                              bound(figures.interval, 0), bound(figures.interval, 1), number(figures.median)});
    }
  }
  return text;
}

std::string difference_table(const Study& study) {
  std::string text = core::csv_line({"measure", "unit", "group", "minus_group", "difference", "difference_low", "difference_high"});
  for (const StudyMeasure& measure : study.measures) {
    std::vector<std::string> fields{measure.column, unit(measure), study.groups[0], study.groups[1]};
    if (const auto& difference = measure.difference)
      fields.insert(fields.end(), {core::shortest(difference->mean), bound(difference->interval, 0), bound(difference->interval, 1)});
    fields.resize(7);
    text += core::csv_line(fields);
  }
  return text;
}

std::string left_out_table(const Study& study) {
  std::string text = core::csv_line({"slide", "case", "reason", "explanation"});
  for (const StudyLeftOut& each : study.left_out)
    text += core::csv_line({core::utf8_of_bytes(each.slide), each.case_name, each.reason, core::utf8_of_bytes(each.explanation)});
  return text;
}

}  // namespace wsi_lpd::output
