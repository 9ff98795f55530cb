// Tables: what CsvTable takes has a field for each column, its lines have their numbers, and csv_line() writes what it reads.
#include "wsi_lpd/core/csv.hpp"

#include <cmath>

#include "fuzz.hpp"

using namespace wsi_lpd;

namespace {

void check_table(const core::CsvTable& table) {
  fuzz::check(!table.columns.empty(), "a table without columns");
  int line = 0;
  for (const core::CsvTable::Row& row : table.rows) {
    fuzz::check(row.fields.size() == table.columns.size(), "a row with another number of fields than columns");
    fuzz::check(row.line > line, "lines that do not go on");
    line = row.line;
    for (const std::string& field : row.fields) {
      fuzz::check(core::trimmed(field) == field, "a field with blanks around it");
      if (const auto number = table.number(field)) fuzz::check(std::isfinite(*number), "a number that is not finite");
    }
  }
  for (const std::string& column : table.columns) {
    const auto found = table.column(column);
    fuzz::check(found && core::same_name(table.columns[*found], column), "a column that is not found");
  }
  fuzz::accepts([&] { table.refuse_repeated_columns(); });
  fuzz::accepts([&] { table.refuse_columns_beside({"slide", "class"}, "the columns are slide and class"); });
  fuzz::accepts([&] { table.required_column("slide"); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  core::CsvTable table;
  if (!fuzz::accepts([&] { table = core::CsvTable::parse(fuzz::text_of(bytes, size), "table.csv"); })) return 0;
  check_table(table);

  // All names in quotes, so that nothing in them is taken for the separator; and a first column, as fields that are all empty are no row.
  std::string text = "\"first\"";
  for (const std::string& column : table.columns) {
    text += ",\"";
    for (const char character : column) text.append(character == '"' ? 2 : 1, character);
    text += '"';
  }
  text += '\n';
  for (const core::CsvTable::Row& row : table.rows) text += "1," + core::csv_line(row.fields);
  core::CsvTable again;
  fuzz::must_accept("a table that was written", [&] { again = core::CsvTable::parse(text, "again.csv"); });
  fuzz::check(again.rows.size() == table.rows.size(), "another number of rows");
  fuzz::check(std::vector(again.columns.begin() + 1, again.columns.end()) == table.columns, "other columns");
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const auto& fields = again.rows[i].fields;
    fuzz::check(std::vector(fields.begin() + 1, fields.end()) == table.rows[i].fields, "other fields");
  }
  return 0;
}
