#pragma once
#include <string>
#include <vector>

namespace wsi_lpd {

/// Fields of one CSV line (RFC 4180, without line breaks inside fields).
std::vector<std::string> split_csv(const std::string& line);

}  // namespace wsi_lpd
