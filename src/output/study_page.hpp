#pragma once
// Private to src/output: the page of a study. It is one file that needs no other, no network and no JavaScript.
#include <string>

#include "wsi_lpd/output/study.hpp"

namespace wsi_lpd::output {

std::string study_page(const Study& study, const std::string& time);

/// The summary and the main plots of the page of a study, for a page with the reports' style; empty where `page` has none.
std::string study_plots(const std::string& page);

}  // namespace wsi_lpd::output
