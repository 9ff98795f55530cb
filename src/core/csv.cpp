#include "wsi_lpd/core/csv.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::core {
namespace {

constexpr std::string_view kBlanks = " \t";

struct Records {
  std::vector<CsvTable::Row> rows;  ///< without empty lines; fields trimmed, but for blanks in quotes
  int open_quote = 0;               ///< line of a quote that never ends; 0: none
};

/// A quote opens at the start of a field only: 2" is no quoted text. Line breaks are LF, CRLF and CR.
Records read_records(std::string_view text, char separator) {
  Records records;
  std::vector<std::string> fields(1);
  bool quoted = false, was_quoted = false, is_empty = true;
  int line = 1, start_line = 1, quote_line = 0;
  const auto end_field = [&] {
    if (!std::exchange(was_quoted, false)) fields.back() = trimmed(fields.back());
  };
  const auto end_record = [&] {
    end_field();
    if (!is_empty) records.rows.push_back({start_line, std::move(fields)});
    fields.assign(1, {});
    is_empty = true;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char character = text[i];
    const bool is_break = character == '\n' || (character == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'));
    line += is_break ? 1 : 0;
    if (quoted) {
      if (character != '"') {
        fields.back() += character;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        fields.back() += text[i++];
      } else {
        quoted = false;
      }
    } else if (is_break) {
      end_record();
      start_line = line;
    } else if (character == '\r' || (was_quoted && kBlanks.find(character) != std::string_view::npos)) {  // of CRLF, or behind a quote
    } else if (is_empty = false; character == separator) {
      end_field();
      fields.emplace_back();
    } else if (character == '"' && fields.back().find_first_not_of(kBlanks) == std::string::npos) {
      quoted = was_quoted = true;
      quote_line = line;
      fields.back().clear();
    } else {
      fields.back() += character;
    }
  }
  end_record();
  records.open_quote = quoted ? quote_line : 0;
  return records;
}

std::string_view without_mark(std::string_view text) {
  return text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
}

std::string_view first_line(std::string_view text) {
  const std::size_t start = std::min(text.find_first_not_of("\r\n"), text.size());
  return text.substr(start, text.find_first_of("\r\n", start) - start);
}

/// What the first record has most of outside of quotes. A quote may open at its start and behind every candidate.
char separator_of(std::string_view text) {
  constexpr std::string_view kCandidates = ",;\t";
  std::array<std::size_t, kCandidates.size()> counts{};
  bool quoted = false, at_start = true;
  for (const char character : text.substr(std::min(text.find_first_not_of("\r\n"), text.size()))) {
    if (quoted || (at_start && character == '"')) {
      quoted = character == '"' ? !quoted : quoted;  // a doubled quote closes and opens
    } else if (character == '\n' || character == '\r') {
      break;
    } else if (const std::size_t candidate = kCandidates.find(character); candidate != std::string_view::npos) {
      ++counts[candidate];
      at_start = true;
    } else if (character != ' ') {
      at_start = false;
    }
  }
  return kCandidates[static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin())];
}

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool NameOrder::operator()(std::string_view a, std::string_view b) const {
  return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
}

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? "" : std::string(text.substr(first, text.find_last_not_of(kBlanks) - first + 1));
}

std::optional<std::size_t> CsvTable::column(std::string_view name) const {
  const auto found = std::ranges::find_if(columns, [&](const std::string& column) { return same_name(column, name); });
  return found == columns.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - columns.begin()));
}

std::optional<double> CsvTable::number(std::string field) const {
  if (separator != ',' && field.find('.') == std::string::npos) std::ranges::replace(field, ',', '.');
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size() || !std::isfinite(value)) return {};
  return value;
}

std::string CsvTable::where(const Row& row) const { return file + " line " + std::to_string(row.line); }

std::size_t CsvTable::required_column(std::string_view name, const std::string& advice) const {
  const std::optional<std::size_t> found = column(name);
  if (!found) throw UsageError(std::string(file).append(": its first line names no column '").append(name).append("'").append(advice));
  return *found;
}

void CsvTable::refuse_repeated_columns() const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (*column(columns[i]) != i)
      throw UsageError(file + ": column " + std::to_string(i + 1) + ": two columns are called '" + columns[i] + "'");
  }
}

void CsvTable::refuse_columns_beside(const std::vector<std::string>& known, const std::string& advice) const {
  const auto is_unknown = [&](const std::string& column) {
    return std::ranges::none_of(known, [&](const std::string& name) { return same_name(name, column); });
  };
  if (const auto unknown = std::ranges::find_if(columns, is_unknown); unknown != columns.end())
    throw UsageError(file + ": unknown column '" + *unknown + "'; " + advice);
}

CsvTable CsvTable::read(const std::filesystem::path& path) { return parse(read_text_file(path), path.string()); }

CsvTable CsvTable::parse(const std::string& text, const std::string& file) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") || text.find('\0') != std::string::npos)
    throw UsageError(file + ": is not a table in UTF-8; save it as \"CSV UTF-8\"");
  std::string_view rest = without_mark(text);
  const std::string_view head = first_line(rest);
  const bool says_separator = head.size() == 5 && head.starts_with("sep=");  // Excel's
  CsvTable table;
  table.file = file;
  table.separator = says_separator ? head.back() : separator_of(rest);
  Records records = read_records(rest, table.separator);
  if (records.open_quote > 0)
    throw UsageError(file + " line " + std::to_string(records.open_quote) + ": a quoted field starts here and never ends");
  if (says_separator) records.rows.erase(records.rows.begin());
  for (Row& row : records.rows) {
    while (!row.fields.empty() && row.fields.back().empty()) row.fields.pop_back();  // as spreadsheets write beside a table
    if (row.fields.empty()) continue;
    if (table.columns.empty()) {
      for (const std::string& name : row.fields) table.columns.push_back(trimmed(name));
      continue;
    }
    if (row.fields.size() > table.columns.size()) {
      throw UsageError(file + " line " + std::to_string(row.line) + ": has " + std::to_string(row.fields.size()) + " fields, but " +
                       std::to_string(table.columns.size()) + " columns are named; quote a field that holds the separator");
    }
    row.fields.resize(table.columns.size());
    table.rows.push_back(std::move(row));
  }
  if (table.columns.empty()) throw UsageError(file + ": is empty; a table starts with a line of column names");
  return table;
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    if (fields[i].find_first_of(",\"\r\n") == std::string::npos && trimmed(fields[i]) == fields[i]) {
      line += fields[i];
      continue;
    }
    line += '"';
    for (const char character : fields[i]) line.append(character == '"' ? 2 : 1, character);
    line += '"';
  }
  return line + '\n';
}

}  // namespace wsi_lpd::core
