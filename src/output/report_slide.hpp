#pragma once
// Private to src/output: the page of one slide in a report.
#include "report_page.hpp"

namespace wsi_lpd::output {

std::string slide_page(const ReportContent& content, std::size_t slide);

}  // namespace wsi_lpd::output
