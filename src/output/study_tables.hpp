#pragma once
// Private to src/output: the tables of a study as CSV. docs/study.md defines their columns.
#include <string>

#include "wsi_lpd/output/study.hpp"

namespace wsi_lpd::output {

std::string cases_table(const Study& study);
std::string groups_table(const Study& study);
/// Of a study with two groups.
std::string difference_table(const Study& study);
std::string left_out_table(const Study& study);

}  // namespace wsi_lpd::output
