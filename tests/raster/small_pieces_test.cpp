#include "wsi_lpd/raster/small_pieces.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

namespace wsi_lpd::raster {
namespace {

using Rows = std::vector<std::vector<std::uint8_t>>;

Rows opened(const Rows& rows, std::int64_t smallest) {
  SmallPieces pieces(static_cast<std::int64_t>(rows.front().size()), smallest);
  Rows result;
  const auto drain = [&] {
    while (auto row = pieces.next_row()) result.push_back(*row);
  };
  for (const auto& row : rows) {
    pieces.add_row(row);
    drain();
    EXPECT_LE(static_cast<std::int64_t>(&row - rows.data()) + 1 - static_cast<std::int64_t>(result.size()), pieces.delay());
  }
  pieces.finish();
  drain();
  return result;
}

/// The same from the whole picture, by flooding.
Rows flooded(const Rows& rows, std::int64_t smallest) {
  const auto height = static_cast<int>(rows.size()), width = static_cast<int>(rows.front().size());
  const double longest = smallest > 1 ? std::ceil(4 * std::sqrt(static_cast<double>(smallest))) : 0;
  Rows result(rows.size(), std::vector<std::uint8_t>(rows.front().size()));
  Rows seen = result;
  const auto at = [](auto& picture, int x, int y) -> auto& { return picture[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)]; };
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      if (at(seen, x, y) || !at(rows, x, y)) continue;
      std::vector<std::pair<int, int>> piece{{x, y}};
      at(seen, x, y) = 1;
      int left = x, right = x, top = y, bottom = y;
      bool anchored = false;
      for (std::size_t i = 0; i < piece.size(); ++i) {
        const auto [u, v] = piece[i];
        left = std::min(left, u), right = std::max(right, u), top = std::min(top, v), bottom = std::max(bottom, v);
        anchored |= at(rows, u, v) == SmallPieces::kAnchored;
        for (const auto& [a, b] : {std::pair{u - 1, v}, {u + 1, v}, {u, v - 1}, {u, v + 1}}) {
          if (a < 0 || b < 0 || a >= width || b >= height || at(seen, a, b) || !at(rows, a, b)) continue;
          at(seen, a, b) = 1;
          piece.emplace_back(a, b);
        }
      }
      if (anchored || static_cast<std::int64_t>(piece.size()) >= smallest || right - left + 1 > longest || bottom - top + 1 > longest) {
        for (const auto& [u, v] : piece) at(result, u, v) = 1;
      }
    }
  }
  return result;
}

Rows picture(const std::vector<std::string>& lines) {
  Rows rows;
  for (const std::string& line : lines) {
    auto& row = rows.emplace_back();
    for (const char c : line) row.push_back(c == '#' ? 1 : c == '@' ? 2 : 0);
  }
  return rows;
}

TEST(SmallPieces, KeepsWhatIsLargeOrAnchored) {
  const Rows rows = picture({"##..#.@.", "##....#.", ".....#..", "###..#..", "..#....."});
  EXPECT_EQ(opened(rows, 4), picture({"##....#.", "##....#.", "........", "###.....", "..#....."}));
  EXPECT_EQ(opened(rows, 5), picture({"......#.", "......#.", "........", "........", "........"}));
}

TEST(SmallPieces, PiecesMeetLowerDown) {
  EXPECT_EQ(opened(picture({"#.#.#", "#.#.#", "#####", "....."}), 9), picture({"#.#.#", "#.#.#", "#####", "....."}));
  EXPECT_EQ(opened(picture({"#.#.#", "#.#.#", "#.###"}), 5), picture({"..#.#", "..#.#", "..###"}));
}

TEST(SmallPieces, ALongCrackStays) {
  Rows rows(30, std::vector<std::uint8_t>(30));
  for (std::size_t y = 2; y < 25; ++y) rows[y][3] = 1;  // 23 pixels: longer than 4 √30
  for (std::size_t x = 8; x < 28; ++x) rows[9][x] = 1;  // 20 pixels: not longer
  const Rows result = opened(rows, 30);
  EXPECT_EQ(result[2][3], 1);
  EXPECT_EQ(result[24][3], 1);
  EXPECT_EQ(std::count(result[9].begin() + 8, result[9].end(), 1), 0);
}

TEST(SmallPieces, IsWhatFloodingFinds) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    Rows rows(static_cast<std::size_t>(pick(1, 60)), std::vector<std::uint8_t>(static_cast<std::size_t>(pick(1, 40))));
    const int density = pick(30, 75);
    for (auto& row : rows) {
      for (std::uint8_t& pixel : row) pixel = pick(0, 99) >= density ? 0 : pick(0, 200) == 0 ? 2 : 1;
    }
    const int smallest = pick(0, 40);
    ASSERT_EQ(opened(rows, smallest), flooded(rows, smallest)) << "round " << round << ", smallest " << smallest;
  }
}

}  // namespace
}  // namespace wsi_lpd::raster
