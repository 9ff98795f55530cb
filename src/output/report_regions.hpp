#pragma once
// Private to src/output: what a slide's page says of measured regions, and the words that it shares with the deep-zoom view.
#include <string>
#include <vector>

#include "report_page.hpp"

namespace wsi_lpd::output {

/// A region's name, or "region 7".
std::string region_title(const MeasuredRegion& region);
/// "hot spot of LYM, 61.2 %"
std::string spot_title(const MeasuredSpot& spot);
/// "1.23 mm²", or "1 234 px" where µm/px is unknown.
std::string area_text(const MeasuredArea& area);
/// The share of each class among the pixels with a class: "12.3 %"; "–" where none has one.
std::vector<std::string> share_texts(const MeasuredArea& area, const core::ClassScheme& classes);

/// The regions of a slide: a table, their hot spots, plots of their bands. Nothing where none were measured.
std::string region_section(const ReportContent& content, std::size_t slide);

}  // namespace wsi_lpd::output
