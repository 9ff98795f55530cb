#include "wsi_lpd/core/csv.hpp"

#include <gtest/gtest.h>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd {
namespace {

using Record = std::vector<std::string>;
using Records = std::vector<Record>;

TEST(Csv, SplitsQuotedFields) {
  EXPECT_EQ(split_csv("a,b,c"), (Record{"a", "b", "c"}));
  EXPECT_EQ(split_csv(""), Record{""});
  EXPECT_EQ(split_csv(",,"), (Record{"", "", ""}));
  EXPECT_EQ(split_csv(R"("a,b","say ""no""","")"), (Record{"a,b", R"(say "no")", ""}));
  EXPECT_EQ(split_csv("\"\"\"\"\"\""), Record{"\"\""});
}

TEST(Csv, RecordsMayHoldLineBreaksAndEndInAnyWay) {
  const Records expected{{"slide", "reason"}, {"a.svs", "two\nlines, and \"quotes\""}, {"b.svs", ""}};
  EXPECT_EQ(parse_csv("slide,reason\na.svs,\"two\nlines, and \"\"quotes\"\"\"\nb.svs,\n"), expected);
  EXPECT_EQ(parse_csv("slide,reason\r\na.svs,\"two\nlines, and \"\"quotes\"\"\"\r\n\r\n\nb.svs,"), expected);
  EXPECT_EQ(parse_csv("a,\"x\r\ny\"\r\n"), (Records{{"a", "x\r\ny"}}));
  EXPECT_TRUE(parse_csv("").empty());
  EXPECT_TRUE(parse_csv("\r\n\n").empty());
}

TEST(Csv, WritesWhatItReads) {
  const Record fields{"plain", "", "a,b", "say \"no\"", "two\nlines", "it's; fine"};
  EXPECT_EQ(csv_line(fields), "plain,,\"a,b\",\"say \"\"no\"\"\",\"two\nlines\",it's; fine\n");
  EXPECT_EQ(parse_csv(csv_line(fields) + csv_line({"x"})), (Records{fields, {"x"}}));
}

TEST(Csv, AQuoteThatNeverEndsTakesTheRest) { EXPECT_EQ(parse_csv("a,\"b\nc,d\n"), (Records{{"a", "b\nc,d\n"}})); }

TEST(Csv, AQuoteInsideAFieldIsAnInchMark) { EXPECT_EQ(parse_csv("a 2\" cut,b\nc,d\n"), (Records{{"a 2\" cut", "b"}, {"c", "d"}})); }

Records fields_of(const Table& table) {
  Records all{table.columns};
  for (const Table::Row& row : table.rows) all.push_back(row.fields);
  return all;
}

TEST(Table, IsReadWhateverWroteIt) {
  const Records expected{{"slide", "MPP"}, {"a.svs", "0.25"}, {"b, c.svs", ""}};
  for (const char* text : {"slide,MPP\na.svs,0.25\n\"b, c.svs\",\n", "\xEF\xBB\xBFslide;MPP\r\na.svs;0.25\r\nb, c.svs;\r\n",
                           " slide\t MPP \n\n a.svs\t0.25\nb, c.svs", "slide;MPP;;\ra.svs;0.25;;\r;;;\rb, c.svs;;;",
                           "sep=;\r\nslide;MPP\r\na.svs;0.25\r\nb, c.svs", "\"slide\" , \"MPP\"\na.svs, \"0.25\"\n \"b, c.svs\""}) {
    EXPECT_EQ(fields_of(parse_table(text, "m.csv")), expected) << text;
  }
  EXPECT_EQ(parse_table("a;b\n1;2", "m.csv").separator, ';');
  EXPECT_EQ(fields_of(parse_table("\"a;b;c\",d\n1,2", "m.csv")), (Records{{"a;b;c", "d"}, {"1", "2"}}));
  EXPECT_EQ(fields_of(parse_table("slide\nx.svs\n", "m.csv")), (Records{{"slide"}, {"x.svs"}}));
}

TEST(Table, KnowsLinesColumnsAndNumbers) {
  const Table table = parse_table("\nSlide; mpp \n\n\"two\nlines\";0,25\nb.svs;0.5", "m.csv");
  EXPECT_EQ(table.rows.at(0).line, 4);
  EXPECT_EQ(table.rows.at(1).line, 6);
  EXPECT_EQ(table.column("slide"), 0U);
  EXPECT_EQ(table.column("MPP"), 1U);
  EXPECT_FALSE(table.column("name"));
  EXPECT_EQ(table.number("0,25"), 0.25);
  EXPECT_EQ(table.number("0.5"), 0.5);
  for (const char* no : {"", "abc", "1,000.5", "1,0,0", "0.5 um", "inf", "nan"}) EXPECT_FALSE(table.number(no)) << no;
  EXPECT_FALSE(parse_table("a,b", "m.csv").number("0,25"));
}

TEST(Table, NamesWhatIsWrongWithIt) {
  const auto reason = [](const std::string& text) -> std::string {
    try {
      parse_table(text, "m.csv");
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(reason("slide,mpp\na.svs,0.5\nb, c.svs,0.5\n"),
            "m.csv line 3: has 3 fields, but 2 columns are named; quote a field that holds the separator");
  EXPECT_EQ(reason("slide,mpp\n\"a.svs,0.5\n"), "m.csv line 2: a quoted field starts here and never ends");
  EXPECT_EQ(reason("\r\n ,\n"), "m.csv: is empty; a table starts with a line of column names");
  EXPECT_EQ(reason(std::string("\xFF\xFEs\0", 4)), "m.csv: is not a table in UTF-8; save it as \"CSV UTF-8\"");
}

}  // namespace
}  // namespace wsi_lpd
