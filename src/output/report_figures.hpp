#pragma once
// Private to src/output: what a report says of slides in numbers, and which of them stand out. A new key of slide.json becomes visible
// everywhere (index, plots, outliers, slide page) by one more line in figures_of().
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/output/result_folder.hpp"

namespace wsi_lpd::output {

struct Figure {
  std::string title;
  std::string unit;     ///< empty for a plain number; "%" for a fraction of 0…1
  std::string meaning;  ///< one sentence
  std::function<std::optional<double>(const SlideStatistics&)> value;
  std::string column;  ///< of summary.csv

  bool is_fraction() const { return unit == "%"; }
  /// "12.3 %", "1.23 mm²", "4 min 10 s"
  std::string text(double value) const;
};

/// The figures of slides with these classes; the classes' shares come first, in their order.
std::vector<Figure> figures_of(const core::ClassScheme& classes);

/// Quartiles and Tukey's fences, 1.5 interquartile ranges outside the middle half (Tukey, Exploratory Data Analysis, 1977). Quantiles are
/// interpolated between order statistics.
struct Spread {
  std::size_t count = 0;
  double smallest = 0, first = 0, median = 0, third = 0, largest = 0;
  double range() const { return third - first; }
  double lower_fence() const { return first - 1.5 * range(); }
  double upper_fence() const { return third + 1.5 * range(); }
};
/// Nothing for no values.
std::optional<Spread> spread_of(std::vector<double> values);

/// Fewer values than this say nothing about what is usual.
inline constexpr std::size_t kFewestForOutliers = 8;

/// A figure of a slide outside Tukey's fences.
struct Outlier {
  std::size_t figure = 0;  ///< index into ReportGroup::figures
  double value = 0;
  bool high = false;
  double distance = 0;  ///< from the fence, in interquartile ranges; 1 where that range is 0
};

/// Slides that one model made under one set of classes: only these can be compared.
struct ReportGroup {
  std::string model_path, model_sha256;
  core::ClassScheme classes;
  std::vector<std::size_t> slides;  ///< indices into ResultFolder::complete
  std::vector<Figure> figures;
  std::vector<std::vector<std::optional<double>>> values;  ///< by figure, then by slide of the group
  std::vector<std::optional<Spread>> spreads;              ///< by figure

  std::string name() const;  ///< "model.safetensors 54902eca"
};

/// Groups in the order in which their first slides stand.
std::vector<ReportGroup> group_slides(const std::vector<CompleteResult>& slides);

/// What is unusual about the `member`-th slide of `group`, the strangest first.
std::vector<Outlier> outliers_of(const ReportGroup& group, std::size_t member);

}  // namespace wsi_lpd::output
