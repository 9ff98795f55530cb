#include "wsi_lpd/raster/regions.hpp"

#include <gtest/gtest.h>

#include <random>
#include <stack>

namespace wsi_lpd::raster {
namespace {

std::vector<RegionCounter::Count> brute_force(const std::vector<std::vector<std::uint8_t>>& rows, int classes) {
  std::vector<RegionCounter::Count> counts(static_cast<std::size_t>(classes));
  auto left = rows;
  const int height = static_cast<int>(rows.size());
  const int width = static_cast<int>(rows[0].size());
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const std::uint8_t value = left[y][x];
      if (value < 1 || value > classes) continue;
      std::int64_t pixels = 0;
      std::stack<std::pair<int, int>> todo({{y, x}});
      left[y][x] = 0;
      while (!todo.empty()) {
        const auto [cy, cx] = todo.top();
        todo.pop();
        ++pixels;
        for (int ny = std::max(0, cy - 1); ny <= std::min(height - 1, cy + 1); ++ny) {
          for (int nx = std::max(0, cx - 1); nx <= std::min(width - 1, cx + 1); ++nx) {
            if (left[ny][nx] == value) {
              left[ny][nx] = 0;
              todo.push({ny, nx});
            }
          }
        }
      }
      auto& count = counts[value - 1];
      count.pixels += pixels;
      ++count.regions;
      count.largest = std::max(count.largest, pixels);
    }
  }
  return counts;
}

TEST(RegionCounter, AgreesWithFloodFillOnRandomRasters) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    const int classes = pick(1, 4);
    std::vector<std::vector<std::uint8_t>> rows(pick(1, 25), std::vector<std::uint8_t>(pick(1, 25)));
    for (auto& row : rows) {
      for (auto& v : row) v = static_cast<std::uint8_t>(pick(0, 2) ? 0 : pick(0, classes + 1));
    }
    RegionCounter counter(classes);
    for (const auto& row : rows) counter.add_row(row);
    EXPECT_EQ(counter.finish(), brute_force(rows, classes));
  }
}

TEST(RegionCounter, JoinsTheArmsOfAU) {
  RegionCounter counter(1);
  counter.add_row(std::vector<std::uint8_t>{1, 0, 1});
  counter.add_row(std::vector<std::uint8_t>{1, 0, 1});
  counter.add_row(std::vector<std::uint8_t>{1, 1, 1});
  EXPECT_EQ(counter.finish()[0], (RegionCounter::Count{7, 1, 7}));
}

}  // namespace
}  // namespace wsi_lpd::raster
