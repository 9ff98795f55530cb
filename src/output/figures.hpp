#pragma once
// Private to src/output: what statistics and summary both say, worked out once. docs/outputs.md has the definitions.
#include <optional>
#include <string>

#include "wsi_lpd/output/statistics.hpp"

namespace wsi_lpd::output {

/// mm² of `pixels` output pixels; nothing when µm/px is unknown.
std::optional<double> square_millimetres(const SlideStatistics& statistics, std::int64_t pixels);
/// `part` / `whole`; nothing when `whole` is 0.
std::optional<double> ratio(std::int64_t part, std::int64_t whole);
/// TUM / STR, where both classes exist.
std::optional<double> tumour_stroma_ratio(const SlideStatistics& statistics);
/// LYM / (LYM + STR), where both classes exist.
std::optional<double> til_fraction(const SlideStatistics& statistics);

}  // namespace wsi_lpd::output
