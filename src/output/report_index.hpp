#pragma once
// Private to src/output: index.html of a report.
#include "report_page.hpp"

namespace wsi_lpd::output {

std::string index_page(const ReportContent& content);
/// assets/slides.js: what list.js finds, filters and sorts by, of each slide in the order of the index's rows.
std::string slide_list(const ReportContent& content);

}  // namespace wsi_lpd::output
