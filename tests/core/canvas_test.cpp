#include "wsi_lpd/core/canvas.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "wsi_lpd/core/background.hpp"

namespace wsi_lpd::core {
namespace {

constexpr int kClasses = 3;

struct Collector : CanvasSink {
  std::vector<std::vector<float>> values;
  std::vector<std::vector<std::uint8_t>> grid, rows;
  std::int64_t tissue_pixels = 0;
  void grid_row(std::span<const float> row, std::span<const std::uint8_t> labels) override {
    values.emplace_back(row.begin(), row.end());
    grid.emplace_back(labels.begin(), labels.end());
  }
  void label_row(std::span<const std::uint8_t> labels, std::span<const std::uint8_t> tissue) override {
    rows.emplace_back(labels.begin(), labels.end());
    tissue_pixels += std::count(tissue.begin(), tissue.end(), 1);
  }
};

TissueMask everywhere(const Rect& area) { return {Image(1, 1, 1, 1), area}; }

// Cuts the tile's maps out of a function of the grid cell.
template <class Value>
std::vector<float> tile_maps(const TilePlan& plan, const Tile& tile, int stride, Value value) {
  const int cells = plan.tile / stride;
  std::vector<float> maps;
  for (int c = 0; c < kClasses; ++c) {
    for (int y = 0; y < cells; ++y) {
      for (int x = 0; x < cells; ++x) maps.push_back(value(c, tile.x / stride + x, tile.y / stride + y));
    }
  }
  return maps;
}

class CanvasOfAnyShape : public ::testing::TestWithParam<std::tuple<int, Blend>> {};

// Tiles that agree with one global field give that field back: no seam, no shift, whatever the tiling.
TEST_P(CanvasOfAnyShape, ReproducesAGlobalField) {
  const auto [stride, blend] = GetParam();
  std::mt19937 random(2);
  for (int round = 0; round < 20; ++round) {
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    const Frame frame = make_frame({0, 0, pick(1, 500), pick(1, 500)}, 0, 0);
    TilePlanOptions options;
    options.tile = 32 * pick(1, 4);
    options.overlap = pick(0, 6) / 10.0;
    const TissueMask tissue = everywhere(frame.bounds);
    const TilePlan plan = plan_tiles(frame, tissue, options);
    Collector sink;
    Canvas canvas(plan, tissue, kClasses, stride, blend, sink);
    std::vector<float> field(static_cast<std::size_t>(kClasses * canvas.grid().area()));
    for (float& v : field) v = std::uniform_real_distribution(0.0F, 1.0F)(random);
    const auto value = [&](int c, std::int64_t x, std::int64_t y) {
      if (x >= canvas.grid().width || y >= canvas.grid().height) return 0.5F;
      return field[static_cast<std::size_t>((c * canvas.grid().height + y) * canvas.grid().width + x)];
    };
    for (const Tile& tile : plan.tiles) canvas.add(tile, tile_maps(plan, tile, stride, value));
    canvas.finish();

    ASSERT_EQ(static_cast<std::int64_t>(sink.rows.size()), frame.size.height);
    ASSERT_EQ(static_cast<std::int64_t>(sink.values.size()), canvas.grid().height);
    EXPECT_EQ(sink.tissue_pixels, frame.size.area());
    for (std::int64_t y = 0; y < canvas.grid().height; ++y) {
      for (int c = 0; c < kClasses; ++c) {
        for (std::int64_t x = 0; x < canvas.grid().width; ++x) {
          ASSERT_NEAR(sink.values[y][c * canvas.grid().width + x], value(c, x, y), 1e-5);
        }
      }
    }
    // Labels against a brute-force bilinear interpolation with half-pixel centres.
    int ties = 0;
    for (std::int64_t y = 0; y < frame.size.height; ++y) {
      for (std::int64_t x = 0; x < frame.size.width; ++x) {
        const auto clamp_x = [&](double v) { return std::clamp<std::int64_t>(static_cast<std::int64_t>(v), 0, canvas.grid().width - 1); };
        const auto clamp_y = [&](double v) { return std::clamp<std::int64_t>(static_cast<std::int64_t>(v), 0, canvas.grid().height - 1); };
        const double gx = (x + 0.5) / stride - 0.5;
        const double gy = (y + 0.5) / stride - 0.5;
        const double fx = gx - std::floor(gx);
        const double fy = gy - std::floor(gy);
        double best = kBackgroundThreshold;
        double second = 0;
        int label = 0;
        for (int c = 0; c < kClasses; ++c) {
          const auto at = [&](double dx, double dy) {
            return static_cast<double>(value(c, clamp_x(std::floor(gx) + dx), clamp_y(std::floor(gy) + dy)));
          };
          const double v = (1 - fy) * ((1 - fx) * at(0, 0) + fx * at(1, 0)) + fy * ((1 - fx) * at(0, 1) + fx * at(1, 1));
          if (v > best) {
            second = best;
            best = v;
            label = c + 1;
          } else {
            second = std::max(second, v);
          }
        }
        if (best - second < 1e-5) {
          ++ties;
          continue;
        }
        ASSERT_EQ(sink.rows[y][x], label) << x << ' ' << y;
      }
    }
    EXPECT_LT(ties, 50);
  }
}

INSTANTIATE_TEST_SUITE_P(Strides, CanvasOfAnyShape,
                         ::testing::Combine(::testing::Values(1, 8, 16), ::testing::Values(Blend::Window, Blend::Crop)));

TEST(Canvas, MarksWhatNoReadableTileCovers) {
  const Frame frame = make_frame({0, 0, 256, 64}, 0, 0);
  const TissueMask tissue = everywhere(frame.bounds);
  TilePlanOptions options;
  options.tile = 64;
  options.overlap = 0;
  const TilePlan plan = plan_tiles(frame, tissue, options);
  Collector sink;
  Canvas canvas(plan, tissue, kClasses, 8, Blend::Window, sink);
  for (const Tile& tile : plan.tiles) {
    if (tile.x == 64) {
      canvas.add_unreadable(tile);
    } else {
      canvas.add(tile, tile_maps(plan, tile, 8, [](int c, auto, auto) { return c == 1 ? 1.0F : 0.0F; }));
    }
  }
  canvas.finish();
  for (const auto& row : sink.rows) {
    EXPECT_EQ(std::count(row.begin(), row.end(), kUnreadable), 64);
    EXPECT_EQ(row[64], kUnreadable);
    EXPECT_EQ(row[127], kUnreadable);
    EXPECT_EQ(row[0], 2);
    EXPECT_EQ(row[255], 2);
  }
}

TEST(Canvas, LabelsOnlyTissue) {
  const Frame frame = make_frame({100, 0, 128, 128}, 0, 0);
  TissueMask tissue{Image(2, 1, 1), frame.bounds};
  *tissue.mask.at(1, 0) = 1;
  const TilePlan plan = plan_tiles(frame, everywhere(frame.bounds), {.tile = 64});
  Collector sink;
  Canvas canvas(plan, tissue, kClasses, 8, Blend::Window, sink);
  for (const Tile& tile : plan.tiles) canvas.add(tile, tile_maps(plan, tile, 8, [](int, auto, auto) { return 1.0F; }));
  canvas.finish();
  EXPECT_EQ(sink.tissue_pixels, 64 * 128);
  for (const auto& row : sink.rows) {
    EXPECT_EQ(row[63], kNotTissue);
    EXPECT_EQ(row[64], 1);
  }
}

TEST(Canvas, IsAllBackgroundWithoutTiles) {
  const Frame frame = make_frame({0, 0, 33, 17}, 0, 0);
  const TissueMask tissue;
  const TilePlan plan = plan_tiles(frame, tissue, {});
  Collector sink;
  Canvas canvas(plan, tissue, kClasses, 8, Blend::Window, sink);
  canvas.finish();
  ASSERT_EQ(sink.rows.size(), 17U);
  for (const auto& row : sink.rows) EXPECT_EQ(std::count(row.begin(), row.end(), kNotTissue), 33);
}

}  // namespace
}  // namespace wsi_lpd::core
