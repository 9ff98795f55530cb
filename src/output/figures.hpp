#pragma once
// Private to src/output: what statistics and summary both say, worked out once. docs/outputs.md has the definitions.
#include <optional>
#include <string>

#include "wsi_lpd/output/statistics.hpp"

namespace wsi_lpd::output {

/// mm² of `pixels` output pixels; nothing when µm/px is unknown.
std::optional<double> square_millimetres(const SlideStatistics& statistics, std::int64_t pixels);
/// mm of `pixels` output pixels; nothing when µm/px is unknown.
std::optional<double> millimetres(const SlideStatistics& statistics, double pixels);
/// Share of class `c` of the pixels of all classes.
std::optional<double> share_of_classes(const SlideStatistics& statistics, std::size_t c);
/// Length in mm of the border between two classes; nothing where one does not exist or µm/px is unknown.
std::optional<double> interface_millimetres(const SlideStatistics& statistics, const std::string& first, const std::string& second);
/// What summary.csv calls that length.
std::string interface_column(const std::string& first, const std::string& second);
/// `part` / `whole`; nothing when `whole` is 0.
std::optional<double> ratio(std::int64_t part, std::int64_t whole);
/// TUM / STR, where both classes exist.
std::optional<double> tumour_stroma_ratio(const SlideStatistics& statistics);
/// LYM / (LYM + STR), where both classes exist.
std::optional<double> til_fraction(const SlideStatistics& statistics);

}  // namespace wsi_lpd::output
