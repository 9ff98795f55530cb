#include "wsi_lpd/synth/tissue_painter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "wsi_lpd/raster/confusion_matrix.hpp"

namespace wsi_lpd::synth {
namespace {

struct Painted {
  core::Image rgb, truth;
};

Painted paint(const TissuePainter& painter, const core::Rect& region) {
  Painted painted{core::Image(region.width, region.height, 3), core::Image(region.width, region.height, 1)};
  painter.paint(region, painted.rgb.view(), painted.truth.view());
  return painted;
}

double share(const core::Image& truth, int value) {
  return static_cast<double>(std::count(truth.data(), truth.data() + truth.bytes(), static_cast<std::uint8_t>(value))) /
         static_cast<double>(truth.bytes());
}

TEST(TissuePainter, AnyPartIsTheSameAsThatPartOfTheWhole) {
  for (const double mpp : {0.25, 0.5, 1.1}) {
    const TissuePainter painter({900, 700}, {.seed = 5, .mpp = mpp, .tissue_fraction = 0.8});
    const Painted whole = paint(painter, {0, 0, 900, 700});
    for (const core::Rect& region :
         {core::Rect{0, 0, 31, 700}, core::Rect{333, 128, 200, 90}, core::Rect{899, 699, 1, 1}, core::Rect{512, 0, 388, 256}}) {
      const Painted part = paint(painter, region);
      for (std::int64_t y = 0; y < region.height; ++y) {
        ASSERT_TRUE(std::equal(part.rgb.at(0, y), part.rgb.at(0, y) + 3 * region.width, whole.rgb.at(region.x, region.y + y)));
        ASSERT_TRUE(std::equal(part.truth.at(0, y), part.truth.at(0, y) + region.width, whole.truth.at(region.x, region.y + y)));
      }
    }
  }
}

TEST(TissuePainter, SeedsAndStainsDiffer) {
  const core::Rect region{0, 0, 300, 300};
  const auto painted = [&](std::uint64_t seed, double variation) {
    return paint(TissuePainter({300, 300}, {.seed = seed, .tissue_fraction = 1, .stain_variation = variation}), region);
  };
  EXPECT_EQ(painted(1, 1).rgb, painted(1, 1).rgb);
  EXPECT_NE(painted(1, 1).rgb, painted(2, 1).rgb);
  EXPECT_NE(painted(1, 1).rgb, painted(1, 0).rgb);
  EXPECT_EQ(painted(1, 1).truth, painted(1, 0).truth);
}

TEST(TissuePainter, HasTheWantedShareOfTissueAndEveryClass) {
  for (const double fraction : {0.3, 0.6, 1.0}) {
    const TissuePainter painter({3000, 3000}, {.seed = 3, .mpp = 1, .tissue_fraction = fraction});
    const core::Image truth = paint(painter, {0, 0, 3000, 3000}).truth;
    EXPECT_NEAR(1 - share(truth, TissuePainter::kGlass), fraction, 0.05);
    for (int c = 0; c < 4; ++c) EXPECT_GT(share(truth, c), 0.08 * fraction) << c;
  }
}

TEST(TissuePainter, GlassIsBrightAndTissueIsNot) {
  const TissuePainter painter({2000, 2000}, {.seed = 4, .tissue_fraction = 0.5});
  const Painted painted = paint(painter, {0, 0, 2000, 2000});
  std::array<double, 2> green{}, count{};
  for (std::size_t i = 0; i < painted.truth.bytes(); ++i) {
    const bool tissue = painted.truth.data()[i] != TissuePainter::kGlass;
    green[tissue] += painted.rgb.data()[3 * i + 1];
    ++count[tissue];
  }
  EXPECT_GT(green[0] / count[0], 230);
  EXPECT_LT(green[1] / count[1], 170);
}

// Mean colours of 8 × 8 blocks, each given the class whose mean colour is nearest, even on the very pictures that the means come from.
TEST(TissuePainter, ColourAloneDoesNotTellTheClassesApart) {
  struct Block {
    std::array<double, 3> colour;
    std::uint8_t truth;
  };
  std::vector<Block> blocks;
  for (const std::uint64_t seed : {11, 12, 13, 14}) {
    const Painted painted = paint(TissuePainter({1600, 1600}, {.seed = seed, .tissue_fraction = 1}), {0, 0, 1600, 1600});
    for (std::int64_t y = 0; y < 1600; y += 8) {
      for (std::int64_t x = 0; x < 1600; x += 8) {
        Block block{{}, *painted.truth.at(x + 4, y + 4)};
        for (std::int64_t i = 0; i < 64; ++i) {
          for (std::size_t c = 0; c < 3; ++c) block.colour[c] += painted.rgb.at(x + i % 8, y + i / 8)[c] / 64.0;
        }
        blocks.push_back(block);
      }
    }
  }
  std::array<std::array<double, 3>, 4> means{};
  std::array<double, 4> counts{};
  for (const Block& block : blocks) {
    for (std::size_t c = 0; c < 3; ++c) means[block.truth][c] += block.colour[c];
    ++counts[block.truth];
  }
  raster::ConfusionMatrix confusion(4);
  for (const Block& block : blocks) {
    const auto distance = [&](std::size_t k) {
      double sum = 0;
      for (std::size_t c = 0; c < 3; ++c) sum += std::pow(block.colour[c] - means[k][c] / counts[k], 2);
      return sum;
    };
    std::uint8_t nearest = 0;
    for (std::uint8_t k = 1; k < 4; ++k) nearest = distance(k) < distance(nearest) ? k : nearest;
    confusion.add({&block.truth, 1}, {&nearest, 1});
  }
  EXPECT_LT(confusion.mean_iou(), 0.35);
}

}  // namespace
}  // namespace wsi_lpd::synth
