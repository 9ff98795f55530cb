#pragma once
// Private to src/output: what the index of a report shows of studies.
#include "report_page.hpp"

namespace wsi_lpd::output {

/// Of each study in a folder directly below the results, by name: a link to its page, and that page's plots. A study that is being made has
/// no page, and is left out.
std::string study_sections(const ReportContent& content);

}  // namespace wsi_lpd::output
