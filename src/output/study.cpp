#include "wsi_lpd/output/study.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <span>

#include "figures.hpp"
#include "report_figures.hpp"
#include "study_methods.hpp"
#include "study_page.hpp"
#include "study_tables.hpp"
#include "wsi_lpd/core/bootstrap.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::output {
namespace {

using Slides = std::vector<const SlideStatistics*>;

/// The mean over those slides that have `value`, weighted by their tissue areas.
std::optional<double> mean_by_tissue(const Slides& slides, std::optional<double> SlideStatistics::*value) {
  double sum = 0, weights = 0;
  for (const SlideStatistics* slide : slides) {
    if (!(slide->*value)) continue;
    const double area = *square_millimetres(*slide, slide->tissue_pixels);
    sum += area * *(slide->*value);
    weights += area;
  }
  return weights > 0 ? std::optional(sum / weights) : std::nullopt;
}

/// The borders that all slides record, in output pixels of the first one's µm/px.
std::vector<raster::Interface> added_interfaces(const Slides& slides) {
  std::vector<raster::Interface> sums;
  for (raster::Interface sum : slides.front()->interfaces) {
    bool is_of_all = true;
    for (const SlideStatistics* slide : std::span(slides).subspan(1)) {
      const auto same = std::ranges::find_if(
          slide->interfaces, [&](const raster::Interface& border) { return border.first == sum.first && border.second == sum.second; });
      is_of_all = is_of_all && same != slide->interfaces.end();
      if (is_of_all) sum.length += same->length * slide->frame.mpp / slides.front()->frame.mpp;
    }
    if (is_of_all) sums.push_back(sum);
  }
  return sums;
}

/// What a study compares, in the order of its tables: what the report shows of slides, then what else adds up.
std::vector<Figure> figures_of_cases(const core::ClassScheme& classes) {
  std::vector<Figure> figures = figures_of(classes);
  std::erase_if(figures, [](const Figure& figure) { return figure.column == "seconds"; });
  figures.push_back({"Out of focus", "%", "share of the tiles that are blurred", [](const SlideStatistics& s) { return s.out_of_focus; },
                     "out_of_focus_fraction"});
  for (std::size_t c = 0; c < classes.names.size(); ++c) {
    const std::string& name = classes.names[c];
    figures.push_back({name + " area", "mm²", "area of " + name,
                       [c](const SlideStatistics& s) { return square_millimetres(s, s.per_class[c].pixels); }, name + "_mm2"});
    figures.push_back({name + " regions", "", "connected regions of " + name,
                       [c](const SlideStatistics& s) { return static_cast<double>(s.per_class[c].regions); }, name + "_regions"});
    figures.push_back({name + " largest region", "mm²", "area of the largest region of " + name,
                       [c](const SlideStatistics& s) { return square_millimetres(s, s.per_class[c].largest_region); },
                       name + "_largest_region_mm2"});
    figures.push_back({name + " of classes", "%", "share of " + name + " in the tissue that has a class",
                       [c](const SlideStatistics& s) { return share_of_classes(s, c); }, name + "_share_of_classes"});
  }
  for (std::size_t a = 0; a < classes.names.size(); ++a) {
    for (std::size_t b = a + 1; b < classes.names.size(); ++b) {
      const std::string &first = classes.names[a], &second = classes.names[b];
      const std::string column = interface_column(first, second);
      if (std::ranges::find(figures, column, &Figure::column) != figures.end()) continue;
      const std::string pair = std::string(first).append("–").append(second), both = std::string(first).append(" and ").append(second);
      figures.push_back({pair + " border", "mm", "length of the border between " + both,
                         [=](const SlideStatistics& s) { return interface_millimetres(s, first, second); }, column});
    }
  }
  return figures;
}

/// Fills in what the groups have of a measure.
void compare(StudyMeasure& measure, const Study& study) {
  std::vector<std::vector<double>> resampled;  // means, by group
  for (std::size_t g = 0; g < study.groups.size(); ++g) {
    std::vector<double> values;
    for (std::size_t i = 0; i < study.cases.size(); ++i)
      if (measure.values[i] && study.cases[i].group == study.groups[g]) values.push_back(*measure.values[i]);
    GroupFigures& figures = measure.groups.emplace_back();
    resampled.emplace_back();
    figures.cases = values.size();
    if (values.empty()) continue;
    figures.mean = core::mean(values);
    if (values.size() >= kFewestForInterval) {
      resampled.back() = core::resampled_means(values, core::hash(study.seed, g), kStudyResamples);
      figures.interval = core::percentile_interval(resampled.back());
    }
    std::ranges::sort(values);
    figures.median = core::quantile(values, 0.5);
  }
  if (study.groups.size() != 2 || !measure.groups[0].mean || !measure.groups[1].mean) return;
  measure.difference = {.mean = *measure.groups[0].mean - *measure.groups[1].mean};
  if (resampled[0].empty() || resampled[1].empty()) return;
  std::ranges::transform(resampled[0], resampled[1], resampled[0].begin(), std::minus());
  measure.difference->interval = core::percentile_interval(std::move(resampled[0]));
}

}  // namespace

SlideStatistics combined(const Slides& slides) {
  const SlideStatistics& first = *slides.front();
  SlideStatistics sum;
  sum.frame.mpp = first.frame.mpp;
  sum.classes = first.classes;
  sum.per_class.resize(first.per_class.size());
  for (const SlideStatistics* slide : slides) {
    if (slide->frame.mpp <= 0) throw core::Error(slide->slide + ": its µm/px is unknown, so its areas can't be added");
    if (slide->classes.names != first.classes.names) throw core::Error(slide->slide + ": has other classes than " + first.slide);
    const double side = slide->frame.mpp / first.frame.mpp;
    const auto in_pixels = [&](std::int64_t pixels) { return std::llround(static_cast<double>(pixels) * side * side); };
    sum.tissue_pixels += in_pixels(slide->tissue_pixels);
    sum.unlabelled_pixels += in_pixels(slide->unlabelled_pixels);
    sum.unreadable_pixels += in_pixels(slide->unreadable_pixels);
    for (std::size_t c = 0; c < sum.per_class.size(); ++c) {
      ClassStatistics& of_class = sum.per_class[c];
      of_class.pixels += in_pixels(slide->per_class[c].pixels);
      of_class.regions += slide->per_class[c].regions;
      of_class.largest_region = std::max<std::int64_t>(of_class.largest_region, in_pixels(slide->per_class[c].largest_region));
    }
    for (FitShare FitRecord::*by : {&FitRecord::features, &FitRecord::stain}) {
      (sum.fit.*by).tiles += (slide->fit.*by).tiles;
      (sum.fit.*by).beyond += (slide->fit.*by).beyond;
    }
  }
  sum.interfaces = added_interfaces(slides);
  sum.mean_entropy = mean_by_tissue(slides, &SlideStatistics::mean_entropy);
  sum.out_of_focus = mean_by_tissue(slides, &SlideStatistics::out_of_focus);
  return sum;
}

std::vector<std::string> differences_between(const std::vector<SlideStatistics>& slides) {
  std::map<std::string, std::size_t> models;
  std::set<std::string> configurations;
  for (const SlideStatistics& slide : slides) {
    ++models[std::filesystem::path(slide.model_path).filename().string() + " " + slide.model_sha256.substr(0, 8) + " with " +
             core::joined(slide.classes.names)];
    configurations.insert(slide.configuration_sha256);
  }
  if (models.size() > 1)
    throw core::UsageError("the slides come from " + std::to_string(models.size()) + " models, whose figures can't be compared: " +
                           values_text(models) + "; segment all slides with one model, or leave the others out of the table");
  std::vector<std::string> differences;
  for (const Settings& settings : {options_of(slides), properties_of(slides)}) {
    for (const auto& [name, values] : settings)
      if (values.size() > 1) differences.push_back("slides were not segmented alike: " + name + ": " + values_text(values));
  }
  if (configurations.size() > 1 && differences.empty())
    differences.push_back(
        "slides were not segmented alike: the files of --tissue or --region differ, or options that results of older "
        "versions do not record");
  return differences;
}

std::vector<StudyMeasure> study_measures(const Study& study) {
  const core::ClassScheme& classes = study.cases.at(0).figures.classes;
  const std::size_t main = figures_of(classes).size() - 1;  // all but the time
  std::vector<StudyMeasure> measures;
  for (const Figure& figure : figures_of_cases(classes)) {
    StudyMeasure& measure =
        measures.emplace_back(StudyMeasure{figure.column, figure.title, figure.unit, figure.meaning, measures.size() < main});
    for (const StudyCase& each : study.cases) {
      std::optional<double> value = figure.value(each.figures);
      if (value && !std::isfinite(*value)) value.reset();
      measure.values.push_back(value);
    }
    compare(measure, study);
  }
  return measures;
}

void write_study_files(const std::filesystem::path& folder, const Study& study, const std::string& time) {
  const auto write = [&](const char* name, const std::string& text) { core::write_text_file(folder / name, text, core::Durable::No); };
  write("cases.csv", cases_table(study));
  write("groups.csv", groups_table(study));
  if (study.groups.size() == 2) write("difference.csv", difference_table(study));
  write("left_out.csv", left_out_table(study));
  write("index.html", study_page(study, time));
}

bool is_study(const std::filesystem::path& folder) {
  const std::filesystem::path mark = folder / kReportMark;
  return std::filesystem::is_regular_file(mark) && core::read_text_file(mark).starts_with("A study");
}

}  // namespace wsi_lpd::output
