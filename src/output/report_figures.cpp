#include "report_figures.hpp"

#include <algorithm>
#include <cmath>

#include "figures.hpp"
#include "number_text.hpp"
#include "wsi_lpd/core/quantile.hpp"

namespace wsi_lpd::output {
namespace {

bool has_class(const core::ClassScheme& classes, const std::string& name) {
  return std::find(classes.names.begin(), classes.names.end(), name) != classes.names.end();
}

/// As summary.csv has it: the class that comes first, first.
std::string column_of_border(const core::ClassScheme& classes, const std::string& a, const std::string& b) {
  const bool is_first = std::ranges::find(classes.names, a) < std::ranges::find(classes.names, b);
  return is_first ? interface_column(a, b) : interface_column(b, a);
}

}  // namespace

std::string Figure::text(double number) const {
  if (is_fraction()) return percent(number);
  if (unit == "mm²") return area_text(number);
  return unit == "s" ? duration(number) : with_unit(short_number(number), unit);
}

std::vector<Figure> figures_of(const core::ClassScheme& classes) {
  std::vector<Figure> figures;
  for (std::size_t c = 0; c < classes.names.size(); ++c) {
    figures.push_back({classes.names[c], "%", "share of the tissue that is " + classes.names[c],
                       [c](const SlideStatistics& s) { return ratio(s.per_class.at(c).pixels, s.tissue_pixels); },
                       classes.names[c] + "_fraction"});
  }
  figures.push_back({"No class", "%", "share of the tissue that no class claims",
                     [](const SlideStatistics& s) { return ratio(s.unlabelled_pixels, s.tissue_pixels); }, "unlabelled_fraction"});
  figures.push_back({"Unreadable", "%", "share of the tissue that could not be decoded",
                     [](const SlideStatistics& s) { return ratio(s.unreadable_pixels, s.tissue_pixels); }, "unreadable_fraction"});
  figures.push_back({"Tissue", "mm²", "area inside the tissue mask",
                     [](const SlideStatistics& s) { return square_millimetres(s, s.tissue_pixels); }, "tissue_mm2"});
  if (has_class(classes, "TUM") && has_class(classes, "STR"))
    figures.push_back({"Tumour-stroma ratio", "", "area of TUM divided by area of STR", tumour_stroma_ratio, "tumour_stroma_ratio"});
  if (has_class(classes, "LYM") && has_class(classes, "STR"))
    figures.push_back({"TIL fraction", "%", "LYM as a share of LYM and STR", til_fraction, "til_fraction"});
  if (has_class(classes, "TUM") && has_class(classes, "STR"))
    figures.push_back({"Tumour-stroma border", "mm", "length of the border between TUM and STR",
                       [](const SlideStatistics& s) { return interface_millimetres(s, "TUM", "STR"); },
                       column_of_border(classes, "TUM", "STR")});
  figures.push_back({"Mixing", "bits", "mean entropy of the classes' shares in a tile-sized square: 0 where each has one class",
                     [](const SlideStatistics& s) { return s.mean_entropy; }, "mean_entropy_bits"});
  figures.push_back({"Unlike the training", "%", "share of the tiles that look less like the training images than 99 % of these do",
                     [](const SlideStatistics& s) { return s.fit.features.share(); }, "fit_features"});
  figures.push_back({"Unlike its stain", "%", "share of the tiles stained less like the training images than 99 % of these are",
                     [](const SlideStatistics& s) { return s.fit.stain.share(); }, "fit_stain"});
  figures.push_back({"Time", "s", "from opening the slide to its last file",
                     [](const SlideStatistics& s) {
                       const auto total = s.seconds.find("total");
                       return total == s.seconds.end() ? std::nullopt : std::optional(total->second);
                     },
                     "seconds"});
  return figures;
}

std::optional<Spread> spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return Spread{values.size(), values.front(), core::quantile(values, 0.25), core::quantile(values, 0.5), core::quantile(values, 0.75),
                values.back()};
}

std::string ReportGroup::name() const {
  const std::string file = std::filesystem::path(model_path).filename().string();
  return (file.empty() ? "model" : file) + " " + model_sha256.substr(0, 8);
}

std::vector<ReportGroup> group_slides(const std::vector<CompleteResult>& slides) {
  std::vector<ReportGroup> groups;
  for (std::size_t i = 0; i < slides.size(); ++i) {
    const SlideStatistics& s = slides[i].statistics;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const ReportGroup& g) { return g.model_sha256 == s.model_sha256 && g.classes == s.classes; });
    if (group == groups.end()) {
      groups.emplace_back();
      group = std::prev(groups.end());
      group->model_path = s.model_path;
      group->model_sha256 = s.model_sha256;
      group->classes = s.classes;
      group->figures = figures_of(s.classes);
      group->values.resize(group->figures.size());
    }
    group->slides.push_back(i);
    for (std::size_t f = 0; f < group->figures.size(); ++f) {
      std::optional<double> value = group->figures[f].value(s);
      if (value && !std::isfinite(*value)) value.reset();
      group->values[f].push_back(value);
    }
  }
  for (ReportGroup& group : groups) {
    for (const auto& values : group.values) {
      std::vector<double> known;
      for (const std::optional<double>& value : values) {
        if (value) known.push_back(*value);
      }
      group.spreads.push_back(spread_of(std::move(known)));
    }
  }
  return groups;
}

std::vector<Outlier> outliers_of(const ReportGroup& group, std::size_t member) {
  std::vector<Outlier> outliers;
  for (std::size_t f = 0; f < group.figures.size(); ++f) {
    if (!group.values[f][member] || group.spreads[f]->count < kFewestForOutliers) continue;
    const double value = *group.values[f][member];
    const Spread& spread = *group.spreads[f];
    const double outside = std::max(value - spread.upper_fence(), spread.lower_fence() - value);
    if (outside <= 0) continue;
    outliers.push_back({f, value, value > spread.median, spread.range() > 0 ? outside / spread.range() : 1});
  }
  std::sort(outliers.begin(), outliers.end(), [](const Outlier& a, const Outlier& b) { return a.distance > b.distance; });
  return outliers;
}

}  // namespace wsi_lpd::output
