#include "wsi_lpd/core/text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace wsi_lpd::core {
namespace {

TEST(Text, NumbersAreShortestOrHaveTheirDecimals) {
  EXPECT_EQ(shortest(0.31), "0.31");
  EXPECT_EQ(shortest(0.5), "0.5");
  EXPECT_EQ(fixed(0.316, 2), "0.32");
  EXPECT_EQ(fixed(12, 1), "12.0");
  EXPECT_EQ(fixed(-1.5, 0), "-2");
  EXPECT_EQ(fixed(1e300, 2).size(), 304U);
  for (const double nothing : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    EXPECT_EQ(fixed(nothing, 2), "–");
}

TEST(Text, ACountOfOneIsSingular) {
  EXPECT_EQ(count_of(0, "slide", "slides"), "0 slides");
  EXPECT_EQ(count_of(1, "slide", "slides"), "1 slide");
  EXPECT_EQ(count_of(2, "slide", "slides"), "2 slides");
}

TEST(Text, ChangesNameWhatWasAndIs) {
  using Values = std::map<std::string, std::string>;
  const Values before{{"crf", "false"}, {"overlap", "0.5"}, {"tile", "224"}},
      after{{"blend", "crop"}, {"overlap", "0.25"}, {"tile", "224"}};
  EXPECT_EQ(changes_between(before, before), std::vector<std::string>{});
  EXPECT_EQ(changes_between(before, after),
            (std::vector<std::string>{"blend was not set, is crop", "overlap was 0.5, is 0.25", "crf was false, is not set"}));
}

TEST(Text, TenLinesAreShownAndTheOthersCounted) {
  std::vector<std::string> lines(10, "a");
  EXPECT_EQ(first_lines(lines), lines);
  lines.emplace_back("b");
  lines.emplace_back("c");
  const std::vector<std::string> shown = first_lines(lines);
  ASSERT_EQ(shown.size(), 11U);
  EXPECT_EQ(shown[9], "a");
  EXPECT_EQ(shown[10], "and 2 more like these");
}

TEST(Text, WordsAreJoinedAndKindsCounted) {
  EXPECT_EQ(joined_first({}), "");
  EXPECT_EQ(joined_first({"a", "b"}, 2), "a, b");
  EXPECT_EQ(joined_first({"a", "b", "c", "d"}, 2), "a, b and 2 more");
  EXPECT_EQ(counted({}), "");
  EXPECT_EQ(counted({{"hidden", 1}, {".png", 2}}), "2 .png, 1 hidden");
}

TEST(Text, JsonIsDeepByItsBracketsOutsideOfTexts) {
  const std::string many(100, '[');
  EXPECT_FALSE(is_deep_json(many + "1" + std::string(100, ']')));
  EXPECT_TRUE(is_deep_json(many + "{"));
  EXPECT_FALSE(is_deep_json("\"" + many + "\\\"[[\"[]"));
  EXPECT_TRUE(is_deep_json("\"\\\\\"" + many + "["));
  std::string wide;
  for (int i = 0; i < 1000; ++i) wide += "[{}],";
  EXPECT_FALSE(is_deep_json(wide));
}

}  // namespace
}  // namespace wsi_lpd::core
