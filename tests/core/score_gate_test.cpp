#include "wsi_lpd/core/score_gate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <random>

namespace wsi_lpd::core {
namespace {

constexpr int kTile = 64, kPatch = 64, kScoreStride = 16, kGridStride = 8, kClasses = 2;
const Calibration kCalibration{{1, -2}, {0.5F, 2}};

using Rows = std::vector<std::vector<float>>;
/// Score of a class at a score cell of the slide.
using Field = std::function<float(int c, std::int64_t x, std::int64_t y)>;

TissueMask tissue_everywhere(Size size) { return {Image(1, 1, 1, 1), {0, 0, size.width, size.height}}; }

TilePlan plan_of(Size size, double overlap, int tile = kTile) {
  Frame frame;
  frame.bounds = {0, 0, size.width, size.height};
  frame.size = size;
  return plan_tiles(frame, tissue_everywhere(size), {.tile = tile, .overlap = overlap});
}

/// What is left of values of 1 [C, width] at every row of the grid, fed as the canvas feeds it: rows as soon as they may go. `sparse`: only
/// sparse_tiles() have score maps.
Rows gates(const TilePlan& plan, const TissueMask& tissue, const Field& field, const Calibration& calibration = kCalibration,
           bool sparse = false, float local_weight = 0) {
  ScoreGate gate(plan, tissue, {calibration, kScoreStride, kPatch, local_weight}, kGridStride);
  const std::int64_t width = divide_up(plan.frame.size.width, kGridStride), height = divide_up(plan.frame.size.height, kGridStride);
  const std::int64_t side = plan.tile / kScoreStride;
  Rows rows;
  const auto emit_until = [&](std::int64_t y) {
    while (static_cast<std::int64_t>(rows.size()) < y) {
      std::vector<float> values(static_cast<std::size_t>(kClasses * width), 1.0F);
      gate.apply(static_cast<std::int64_t>(rows.size()), values, width);
      rows.push_back(values);
    }
  };
  const std::vector<std::uint8_t> scored = sparse ? sparse_tiles(plan) : std::vector<std::uint8_t>(plan.tiles.size(), 1);
  for (std::size_t t = 0; t < plan.tiles.size(); ++t) {
    const Tile& tile = plan.tiles[t];
    emit_until(tile.y / kGridStride - gate.rows_waiting());
    std::vector<float> maps;
    for (int c = 0; c < kClasses; ++c)
      for (std::int64_t y = 0; y < side; ++y)
        for (std::int64_t x = 0; x < side; ++x) maps.push_back(field(c, tile.x / kScoreStride + x, tile.y / kScoreStride + y));
    if (scored[t]) gate.add(tile, maps);
  }
  emit_until(height);
  return rows;
}

float sigmoid(double x) { return static_cast<float>(1 / (1 + std::exp(-x))); }

/// Presences with the rivalry of classes, from their scores.
std::vector<float> gate_of(const std::vector<double>& scores) {
  std::vector<float> presence;
  for (std::size_t c = 0; c < scores.size(); ++c)
    presence.push_back(sigmoid((scores[c] - kCalibration.score_threshold[c]) / kCalibration.score_width[c]));
  const float most = *std::max_element(presence.begin(), presence.end());
  for (float& p : presence) p *= std::pow(p / most, 5.0F);
  return presence;
}

TEST(ScoreGate, CountsTheScoreOfThePlaceItselfToo) {
  const Size size{300, 250};
  const auto score = [](int c, std::int64_t x, std::int64_t y) { return std::sin(static_cast<float>(3 * x + 5 * y + 7 * c)) * 4; };
  for (const double overlap : {0.0, 0.5}) {
    const TilePlan plan = plan_of(size, overlap);
    const Rows around = gates(plan, tissue_everywhere(size), score),
               also = gates(plan, tissue_everywhere(size), score, kCalibration, false, 0.3F);
    const std::int64_t cells_x = divide_up(size.width, kScoreStride), cells_y = divide_up(size.height, kScoreStride);
    const std::int64_t width = divide_up(size.width, kGridStride);
    for (std::int64_t y = 0; y < static_cast<std::int64_t>(around.size()); ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        std::vector<double> margins;
        for (int c = 0; c < kClasses; ++c) {
          double margin = 0;  // bilinear between the centres of score cells, the outermost beyond
          const double at_x = (static_cast<double>(x) + 0.5) / 2 - 0.5, at_y = (static_cast<double>(y) + 0.5) / 2 - 0.5;
          for (const std::int64_t dy : {0, 1}) {
            for (const std::int64_t dx : {0, 1}) {
              const double share_x = dx ? at_x - std::floor(at_x) : 1 - (at_x - std::floor(at_x));
              const double share_y = dy ? at_y - std::floor(at_y) : 1 - (at_y - std::floor(at_y));
              const std::int64_t cell_x = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(at_x)) + dx, 0, cells_x - 1);
              const std::int64_t cell_y = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(at_y)) + dy, 0, cells_y - 1);
              margin += share_x * share_y * kCalibration.margin(static_cast<std::size_t>(c), score(c, cell_x, cell_y));
            }
          }
          margins.push_back(margin);
        }
        for (int c = 0; c < kClasses; ++c) {
          const auto i = static_cast<std::size_t>(c * width + x), row = static_cast<std::size_t>(y);
          const double factor = std::exp(0.3 * (margins[static_cast<std::size_t>(c)] - *std::max_element(margins.begin(), margins.end())));
          ASSERT_NEAR(also[row][i], around[row][i] * factor, 1e-4) << x << ", " << y << " class " << c << " overlap " << overlap;
        }
      }
    }
  }
}

// Against the definition, cell by cell; and as it knows of no tiles, it is the same for every plan.
TEST(ScoreGate, IsTheMeanOfTissueInARaisedCosineWindow) {
  std::mt19937 random(5);
  for (const double overlap : {0.0, 0.25, 0.5, 0.7}) {
    const Size size{std::uniform_int_distribution<std::int64_t>(130, 400)(random),
                    std::uniform_int_distribution<std::int64_t>(130, 400)(random)};
    const auto score = [](int c, std::int64_t x, std::int64_t y) { return std::sin(static_cast<float>(3 * x + 5 * y + 7 * c)) * 4; };
    Image mask(divide_up(size.width, kScoreStride), divide_up(size.height, kScoreStride), 1);
    for (std::int64_t y = 0; y < mask.height(); ++y)
      for (std::int64_t x = 0; x < mask.width(); ++x) mask.view().row(y)[x] = (x * 7 + y * 3) % 5 < 3;
    const TissueMask tissue{
        std::move(mask), {0, 0, divide_up(size.width, kScoreStride) * kScoreStride, divide_up(size.height, kScoreStride) * kScoreStride}};
    const Rows rows = gates(plan_of(size, overlap), tissue, score),
               sparse = gates(plan_of(size, overlap), tissue, score, kCalibration, true);

    const auto weight = [](double distance) {
      const double c = std::cos(std::numbers::pi / 2 * distance / kPatch);
      return std::abs(distance) < kPatch ? c * c : 0;
    };
    const std::size_t width = rows.front().size() / kClasses;
    for (std::size_t y = 0; y < rows.size(); ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        std::vector<double> sums(kClasses);
        double total = 0;
        for (std::int64_t j = 0; j < tissue.mask.height(); ++j) {
          for (std::int64_t i = 0; i < tissue.mask.width(); ++i) {
            const double w = weight((static_cast<double>(y) + 0.5) * kGridStride - (static_cast<double>(j) + 0.5) * kScoreStride) *
                             weight((static_cast<double>(x) + 0.5) * kGridStride - (static_cast<double>(i) + 0.5) * kScoreStride) *
                             ((i * 7 + j * 3) % 5 < 3 ? 1 : 1e-3);
            total += w;
            for (int c = 0; c < kClasses; ++c) sums[static_cast<std::size_t>(c)] += w * score(c, i, j);
          }
        }
        for (double& sum : sums) sum /= total;
        const std::vector<float> expected = gate_of(sums);
        for (std::size_t c = 0; c < kClasses; ++c) {
          ASSERT_NEAR(rows[y][c * width + x], expected[c], 1e-5) << x << " " << y << " " << overlap;
          ASSERT_NEAR(sparse[y][c * width + x], expected[c], 1e-5) << x << " " << y << " " << overlap;
        }
      }
    }
  }
}

// The thresholds are those of images of the patch size: larger and smaller tiles that see the same are gated in the same way.
TEST(ScoreGate, DoesNotDependOnTheTile) {
  const Size size{500, 420};
  const auto score = [](int c, std::int64_t x, std::int64_t y) { return std::sin(static_cast<float>(3 * x + 5 * y + 7 * c)) * 4; };
  const Rows patches = gates(plan_of(size, 0.5), tissue_everywhere(size), score);
  for (const int tile : {32, 128, 192}) {
    for (const double overlap : {0.0, 0.5}) {
      const Rows rows = gates(plan_of(size, overlap, tile), tissue_everywhere(size), score);
      ASSERT_EQ(rows.size(), patches.size());
      for (std::size_t y = 0; y < rows.size(); ++y)
        for (std::size_t i = 0; i < rows[y].size(); ++i) ASSERT_NEAR(rows[y][i], patches[y][i], 1e-5) << tile << " " << i << " " << y;
    }
  }
}

// A checkerboard of sure and impossible tiles: nowhere does the gate jump as far as from one tile's to the next.
TEST(ScoreGate, HasNoStepWhereTilesMeet) {
  const Size size{400, 400};
  const Rows rows = gates(plan_of(size, 0), tissue_everywhere(size), [](int c, std::int64_t x, std::int64_t y) {
    const float sign = (x / 4 + y / 4) % 2 == 0 ? 1.0F : -1.0F;
    return c == 0 ? 1 + sign : -20;
  });
  const std::size_t width = rows.front().size() / kClasses;
  float largest = 0, range = 0;
  for (std::size_t y = 0; y + 1 < rows.size(); ++y) {
    for (std::size_t x = 0; x + 1 < width; ++x) {
      largest = std::max({largest, std::abs(rows[y][x + 1] - rows[y][x]), std::abs(rows[y + 1][x] - rows[y][x])});
      range = std::max(range, std::abs(rows[y][x] - 0.5F));
    }
  }
  EXPECT_GT(range, 0.3F);
  EXPECT_LT(largest, 0.15F);
}

TEST(ScoreGate, GlassDecidesNothingBesideTissueAndAllWithoutIt) {
  const Size size{256, 256};
  const auto score = [](int c, std::int64_t x, std::int64_t) { return c == 1 ? -20.0F : x < 8 ? 3.0F : -50.0F; };
  const TissueMask left{Image(1, 1, 1, 1), {0, 0, 128, 256}}, nowhere{Image(1, 1, 1, 0), {0, 0, 256, 256}};
  const Rows beside = gates(plan_of(size, 0.25), left, score), without = gates(plan_of(size, 0.25), nowhere, score);
  EXPECT_GT(beside[16][15], 0.9F);  // the last tissue before the glass
  EXPECT_LT(without[16][28], 0.01F);
}

TEST(ScoreGate, WithoutAPresenceNothingChanges) {
  const Size size{200, 200};
  for (const auto& row : gates(plan_of(size, 0.25), tissue_everywhere(size), [](int, auto, auto) { return -50.0F; }, {}))
    for (const float value : row) ASSERT_EQ(value, 1.0F);
}

}  // namespace
}  // namespace wsi_lpd::core
