#pragma once
#include <string>
#include <vector>

namespace wsi_lpd {

/// Fields of one CSV line (RFC 4180, without line breaks inside fields).
std::vector<std::string> split_csv(const std::string& line);

/// The records of a whole CSV text (RFC 4180): quoted fields may hold line breaks. Empty lines are left out.
std::vector<std::vector<std::string>> parse_csv(const std::string& text);

}  // namespace wsi_lpd
