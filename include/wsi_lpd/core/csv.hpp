#pragma once
#include <cstddef>
#include <optional>
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

/// A table below a line of column names, as people and spreadsheets write them.
struct Table {
  struct Row {
    int line;                         ///< of the text, from 1
    std::vector<std::string> fields;  ///< one for each column, trimmed; empty where the line ended early
  };
  std::vector<std::string> columns;  ///< trimmed, in their own case
  std::vector<Row> rows;             ///< without those whose fields are all empty
  char separator = ',';

  /// The first column of this name, whatever the case of ASCII letters.
  std::optional<std::size_t> column(std::string_view name) const;
  /// Where the separator is no comma, a comma may stand for the decimal point. None for what is no finite number.
  std::optional<double> number(std::string field) const;
};

/// Whether two names differ in the case of ASCII letters at most.
bool same_name(std::string_view a, std::string_view b);

/// `text` without spaces and tabs around it.
std::string trimmed(std::string_view text);

/// Reads a table separated by commas, semicolons or tabs (what the column names have most of, or Excel's `sep=;` says), with or without a
/// byte order mark, with any line breaks and quoted fields. `where` names the file in errors. Throws UsageError with the line: text in
/// UTF-16, no column names, a line with more fields than columns, a quote that never ends.
Table parse_table(const std::string& text, const std::string& where);

}  // namespace wsi_lpd
