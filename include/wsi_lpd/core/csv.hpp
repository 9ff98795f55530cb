#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wsi_lpd::core {

/// What spreadsheets put before UTF-8.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Fields as one line of a CSV file with its line break (RFC 4180): quoted where they must be, or begin or end with blanks.
std::string csv_line(const std::vector<std::string>& fields);

/// A table below a line of column names, as people, spreadsheets and scripts write it: separated by commas, semicolons or tabs (what the
/// column names have most of, or Excel's `sep=;` says), with or without a byte order mark, with any line breaks. Quoted fields may hold
/// separators and line breaks (RFC 4180).
struct CsvTable {
  struct Row {
    int line;                         ///< of the text, from 1
    std::vector<std::string> fields;  ///< one for each column, trimmed but for blanks in quotes; empty where the line ended early
  };
  std::string file;                  ///< names the table in errors
  std::vector<std::string> columns;  ///< trimmed, in their own case
  std::vector<Row> rows;             ///< without those whose fields are all empty
  char separator = ',';

  /// Throws UsageError with the line: text in UTF-16, no column names, a line with more fields than columns, a quote that never ends.
  static CsvTable parse(const std::string& text, const std::string& file);
  /// The same of a file; throws Error where it can't be read.
  static CsvTable read(const std::filesystem::path& path);

  /// "m.csv line 3", for errors.
  std::string where(const Row& row) const;
  /// The first column of this name, whatever the case of ASCII letters.
  std::optional<std::size_t> column(std::string_view name) const;
  /// The same; throws UsageError where there is none. `advice` ends the sentence.
  std::size_t required_column(std::string_view name, const std::string& advice = "") const;
  /// Throws UsageError where two columns have one name.
  void refuse_repeated_columns() const;
  /// Throws UsageError for a column that is none of `known`. `advice` says what columns there are.
  void refuse_columns_beside(const std::vector<std::string>& known, const std::string& advice) const;
  /// Where the separator is no comma, a comma may stand for the decimal point. None for what is no finite number.
  std::optional<double> number(std::string field) const;
};

/// Whether two names differ in the case of ASCII letters at most.
bool same_name(std::string_view a, std::string_view b);

/// An order of names in which those that are the same_name() are equal.
struct NameOrder {
  bool operator()(std::string_view a, std::string_view b) const;
};

/// `text` without spaces and tabs around it.
std::string trimmed(std::string_view text);

}  // namespace wsi_lpd::core
