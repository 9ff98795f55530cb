#include "wsi_lpd/core/csv.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace wsi_lpd
