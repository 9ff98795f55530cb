#include "wsi_lpd/core/runs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace wsi_lpd::core {
namespace {

TEST(Runs, EndWhereTheValueChangesOrAtTheEnd) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::uint8_t> row(1 + random() % 60);
    for (std::uint8_t& value : row) value = random() % 12 == 0;
    const std::size_t begin = random() % row.size(), end = begin + 1 + random() % (row.size() - begin);
    std::size_t expected = begin + 1;
    while (expected < end && row[expected] == row[begin]) ++expected;
    ASSERT_EQ(run_end(row, begin, end), expected);
    ASSERT_EQ(is_blank(row), std::ranges::count(row, 0) == static_cast<std::ptrdiff_t>(row.size()));
  }
  EXPECT_TRUE(is_blank({}));
}

}  // namespace
}  // namespace wsi_lpd::core
