#include "wsi_lpd/core/error.hpp"

#include <gmock/gmock.h>

namespace wsi_lpd::core {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::StartsWith;

TEST(Error, IsOneLineWhateverAFileHolds) {
  EXPECT_STREQ(Error("a.csv: column 'two\r\nlines\x1b[2J'").what(), "a.csv: column 'two  lines [2J'");
  EXPECT_STREQ(UsageError(std::string("µm\x7f\0 …", 9)).what(), "µm   …");
}

TEST(Error, OfALongTextTheMiddleIsLeftOut) {
  const std::string whole(kLongestLine, 'x');
  EXPECT_EQ(one_line(whole), whole);
  const std::string shorter = one_line("a.json: class '" + std::string(5000, 'x') + "' is none of these; name it");
  EXPECT_EQ(shorter.size(), kLongestLine);
  EXPECT_THAT(shorter, AllOf(StartsWith("a.json: class 'xxx"), EndsWith("xxx' is none of these; name it")));
}

TEST(Error, OfALongTextNoCharacterIsCut) {
  for (const std::string before : {"", "x", "xx"}) {
    std::string text = before;
    for (int i = 0; i < 1000; ++i) text += "€";  // three bytes
    const std::string shorter = one_line(text + before);
    ASSERT_LE(shorter.size(), kLongestLine);
    for (const std::string& part : {shorter.substr(before.size(), shorter.find(" … ") - before.size()),
                                    shorter.substr(shorter.find(" … ") + 5, shorter.size() - shorter.find(" … ") - 5 - before.size())}) {
      EXPECT_EQ(part.size() % 3, 0U);
      EXPECT_THAT(part, AllOf(StartsWith("€"), EndsWith("€")));
    }
  }
}

}  // namespace
}  // namespace wsi_lpd::core
