#include "wsi_lpd/core/csv.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::core {
namespace {

using Record = std::vector<std::string>;
using Records = std::vector<Record>;

Records fields_of(const CsvTable& table) {
  Records all{table.columns};
  for (const CsvTable::Row& row : table.rows) all.push_back(row.fields);
  return all;
}

Records records(const std::string& text) { return fields_of(CsvTable::parse(text, "m.csv")); }

TEST(CsvTable, TakesQuotedFieldsApart) {
  EXPECT_EQ(records("a,b,c\n\"a,b\",\"say \"\"no\"\"\",\"\"\n\"\"\"\"\"\"\n"),
            (Records{{"a", "b", "c"}, {"a,b", R"(say "no")", ""}, {"\"\"", "", ""}}));
  EXPECT_EQ(records("a 2\" cut,b\nc,d\n"), (Records{{"a 2\" cut", "b"}, {"c", "d"}})) << "an inch mark is no quote";
}

TEST(CsvTable, FieldsMayHoldLineBreaksAndLinesEndInAnyWay) {
  const Records expected{{"slide", "reason"}, {"a.svs", "two\nlines, and \"quotes\""}, {"b.svs", ""}};
  EXPECT_EQ(records("slide,reason\na.svs,\"two\nlines, and \"\"quotes\"\"\"\nb.svs,\n"), expected);
  EXPECT_EQ(records("slide,reason\r\na.svs,\"two\nlines, and \"\"quotes\"\"\"\r\n\r\n\nb.svs,"), expected);
  EXPECT_EQ(records("a,\"x\r\ny\"\r\n"), (Records{{"a", "x\r\ny"}}));
}

TEST(CsvTable, TakesWhatCsvLineWrites) {
  const Record fields{"plain", "", "a,b", "say \"no\"", "two\nlines", "it's; fine"};
  EXPECT_EQ(csv_line(fields), "plain,,\"a,b\",\"say \"\"no\"\"\",\"two\nlines\",it's; fine\n");
  EXPECT_EQ(records(csv_line(fields) + csv_line({"x"})), (Records{fields, {"x", "", "", "", "", ""}}));
}

TEST(CsvTable, BlanksInQuotesBelongToTheField) {
  const Record names{" lead.svs", "trail .svs ", "\ttab"};
  EXPECT_EQ(csv_line(names), "\" lead.svs\",\"trail .svs \",\"\ttab\"\n");
  EXPECT_EQ(records(csv_line({"a", "b", "c"}) + csv_line(names)), (Records{{"a", "b", "c"}, names}));
  EXPECT_EQ(records("a,b,c\n x , \" y\" ,z \n"), (Records{{"a", "b", "c"}, {"x", " y", "z"}}));
}

TEST(CsvTable, IsReadWhateverWroteIt) {
  const Records expected{{"slide", "MPP"}, {"a.svs", "0.25"}, {"b, c.svs", ""}};
  for (const char* text : {"slide,MPP\na.svs,0.25\n\"b, c.svs\",\n", "\xEF\xBB\xBFslide;MPP\r\na.svs;0.25\r\nb, c.svs;\r\n",
                           " slide\t MPP \n\n a.svs\t0.25\nb, c.svs", "slide;MPP;;\ra.svs;0.25;;\r;;;\rb, c.svs;;;",
                           "sep=;\r\nslide;MPP\r\na.svs;0.25\r\nb, c.svs", "\"slide\" , \"MPP\"\na.svs, \"0.25\"\n \"b, c.svs\""}) {
    EXPECT_EQ(fields_of(CsvTable::parse(text, "m.csv")), expected) << text;
  }
  EXPECT_EQ(CsvTable::parse("a;b\n1;2", "m.csv").separator, ';');
  EXPECT_EQ(CsvTable::parse("a,\"b; c;\nd;e\"\n1,2", "m.csv").separator, ',');
  EXPECT_EQ(fields_of(CsvTable::parse("\"a;b;c\",d\n1,2", "m.csv")), (Records{{"a;b;c", "d"}, {"1", "2"}}));
  EXPECT_EQ(fields_of(CsvTable::parse("slide\nx.svs\n", "m.csv")), (Records{{"slide"}, {"x.svs"}}));
}

TEST(CsvTable, KnowsLinesColumnsAndNumbers) {
  const CsvTable table = CsvTable::parse("\nSlide; mpp \n\n\"two\nlines\";0,25\nb.svs;0.5", "m.csv");
  EXPECT_EQ(table.rows.at(0).line, 4);
  EXPECT_EQ(table.rows.at(1).line, 6);
  EXPECT_EQ(table.where(table.rows[1]), "m.csv line 6");
  EXPECT_EQ(table.column("slide"), 0U);
  EXPECT_EQ(table.required_column("Slide"), 0U);
  EXPECT_EQ(table.column("MPP"), 1U);
  EXPECT_FALSE(table.column("name"));
  EXPECT_EQ(table.number("0,25"), 0.25);
  EXPECT_EQ(table.number("0.5"), 0.5);
  for (const char* no : {"", "abc", "1,000.5", "1,0,0", "0.5 um", "inf", "nan"}) EXPECT_FALSE(table.number(no)) << no;
  EXPECT_FALSE(CsvTable::parse("a,b", "m.csv").number("0,25"));
}

TEST(CsvTable, NamesWhatIsWrongWithIt) {
  using Use = std::function<void(const CsvTable&)>;
  const auto reason = [](
                          const std::string& text, const Use& use = [](const CsvTable&) {}) -> std::string {
    try {
      use(CsvTable::parse(text, "m.csv"));
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(reason("slide,mpp\n", [](const CsvTable& table) { table.required_column("name", "; add it"); }),
            "m.csv: its first line names no column 'name'; add it");
  EXPECT_EQ(reason("slide,mpp,MPP\n", [](const CsvTable& table) { table.refuse_repeated_columns(); }),
            "m.csv: column 3: two columns are called 'MPP'");
  EXPECT_EQ(reason("slide,um\n",
                   [](const CsvTable& table) {
                     table.refuse_columns_beside({"slide", "mpp"}, "known are two");
                   }),
            "m.csv: unknown column 'um'; known are two");
  EXPECT_EQ(reason("Slide,MPP\n", [](const CsvTable& table) { table.refuse_columns_beside({"slide", "mpp"}, ""); }), "");
  EXPECT_EQ(reason("slide,mpp\na.svs,0.5\nb, c.svs,0.5\n"),
            "m.csv line 3: has 3 fields, but 2 columns are named; quote a field that holds the separator");
  EXPECT_EQ(reason("slide,mpp\n\"a.svs,0.5\n"), "m.csv line 2: a quoted field starts here and never ends");
  EXPECT_EQ(reason("\r\n ,\n"), "m.csv: is empty; a table starts with a line of column names");
  EXPECT_EQ(reason(std::string("\xFF\xFEs\0", 4)), "m.csv: is not a table in UTF-8; save it as \"CSV UTF-8\"");
}

}  // namespace
}  // namespace wsi_lpd::core
