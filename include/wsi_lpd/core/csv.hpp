#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace wsi_lpd {

/// What spreadsheets put before UTF-8.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Fields of one CSV line (RFC 4180, without line breaks inside fields).
std::vector<std::string> split_csv(const std::string& line);

/// Fields as one line of a CSV file with its line break (RFC 4180): quoted where they must be.
std::string csv_line(const std::vector<std::string>& fields);

/// The records of a whole CSV text (RFC 4180): quoted fields may hold line breaks. Empty lines and a byte order mark are left out.
std::vector<std::vector<std::string>> parse_csv(const std::string& text);

}  // namespace wsi_lpd
