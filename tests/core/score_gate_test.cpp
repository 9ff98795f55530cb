#include "wsi_lpd/core/score_gate.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace wsi_lpd {
namespace {

constexpr int kStride = 8;
const Presence kPresence{{1, -2}, {0.5F, 2}};

TilePlan plan_of(Size size, double overlap) {
  Frame frame;
  frame.bounds = {0, 0, size.width, size.height};
  frame.size = size;
  return plan_tiles(frame, {Image(1, 1, 1, 1), frame.bounds}, {.tile = 64, .overlap = overlap});
}

/// Presence [C] at every cell, fed as the canvas feeds it: rows as soon as they may go.
template <class Score>
std::vector<std::vector<float>> presences(const TilePlan& plan, Score score, const Presence& presence = kPresence) {
  ScoreGate gate(plan, presence, kStride);
  const std::int64_t width = divide_up(plan.frame.size.width, kStride), height = divide_up(plan.frame.size.height, kStride);
  std::vector<std::vector<float>> rows;
  const auto emit_until = [&](std::int64_t y) {
    while (static_cast<std::int64_t>(rows.size()) < y) {
      std::vector<float> values(static_cast<std::size_t>(2 * width), 1.0F);
      gate.apply(static_cast<std::int64_t>(rows.size()), values, width);
      rows.push_back(values);
    }
  };
  for (const Tile& tile : plan.tiles) {
    emit_until(tile.y / kStride - gate.rows_waiting());
    gate.add(tile, score(tile));
  }
  emit_until(height);
  return rows;
}

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

TEST(ScoreGate, EqualScoresGiveTheirPresenceEverywhere) {
  for (const double overlap : {0.0, 0.25, 0.6}) {
    for (const auto& row : presences(plan_of({300, 210}, overlap), [](const Tile&) { return std::vector{2.0F, 2.0F}; })) {
      for (std::size_t x = 0; x < row.size() / 2; ++x) {
        ASSERT_NEAR(row[x], sigmoid((2.0F - 1) / 0.5F), 1e-6);
        ASSERT_NEAR(row[row.size() / 2 + x], sigmoid((2.0F + 2) / 2), 1e-6);
      }
    }
  }
}

// A checkerboard of sure and impossible tiles: nowhere does the presence jump as far as from one tile's to the next.
TEST(ScoreGate, HasNoStepWhereTilesMeet) {
  const TilePlan plan = plan_of({400, 400}, 0.25);
  const auto rows = presences(plan, [&](const Tile& tile) {
    const float sign = (tile.x / plan.stride + tile.y / plan.stride) % 2 == 0 ? 1.0F : -1.0F;
    return std::vector{1 + sign, -2 + 4 * sign};
  });
  const std::size_t width = rows.front().size() / 2;
  float largest = 0, range = 0;
  for (std::size_t y = 0; y + 1 < rows.size(); ++y) {
    for (std::size_t x = 0; x + 1 < width; ++x) {
      largest = std::max({largest, std::abs(rows[y][x + 1] - rows[y][x]), std::abs(rows[y + 1][x] - rows[y][x])});
      range = std::max(range, std::abs(rows[y][x] - 0.5F));
    }
  }
  EXPECT_GT(range, 0.35F);
  EXPECT_LT(largest, 0.3F);
}

TEST(ScoreGate, AtATilesCentreItsOwnScoreDecides) {
  const TilePlan plan = plan_of({448, 448}, 0);
  const Tile chosen{128, 192};
  const auto rows = presences(plan, [&](const Tile& tile) { return tile == chosen ? std::vector{9.0F, 9.0F} : std::vector{-9.0F, -9.0F}; });
  EXPECT_GT(rows[static_cast<std::size_t>((chosen.y + 32) / kStride)][static_cast<std::size_t>((chosen.x + 32) / kStride)], 0.99F);
  EXPECT_LT(rows[static_cast<std::size_t>((chosen.y + 32) / kStride)][static_cast<std::size_t>((chosen.x + 96) / kStride)], 0.01F);
}

TEST(ScoreGate, WithoutAPresenceNothingChanges) {
  for (const auto& row : presences(plan_of({200, 200}, 0.25), [](const Tile&) { return std::vector{-50.0F, 50.0F}; }, {}))
    for (const float value : row) ASSERT_EQ(value, 1.0F);
}

}  // namespace
}  // namespace wsi_lpd
