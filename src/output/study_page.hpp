#pragma once
// Private to src/output: the page of a study. It is one file that needs no other, no network and no JavaScript.
#include <string>

#include "wsi_lpd/output/study.hpp"

namespace wsi_lpd::output {

std::string study_page(const Study& study, const std::string& time);

}  // namespace wsi_lpd::output
