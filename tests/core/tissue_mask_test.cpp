#include "wsi_lpd/core/tissue_mask.hpp"

#include <gtest/gtest.h>

#include <random>

namespace wsi_lpd::core {
namespace {

TEST(TissueMask, ShareCountsPartsOfCellsByTheirArea) {
  TissueMask tissue{Image(4, 2, 1), {1000, 500, 400, 200}};  // cells of 100 pixels
  *tissue.mask.at(1, 0) = 1;
  *tissue.mask.at(2, 0) = 1;
  EXPECT_NEAR(tissue.share(1100, 500, 1300, 600), 1, 1e-12);
  EXPECT_NEAR(tissue.share(1050, 500, 1150, 600), 0.5, 1e-12);
  EXPECT_NEAR(tissue.share(1110, 550, 1120, 650), 0.5, 1e-12);
  EXPECT_NEAR(tissue.share(1000, 500, 1400, 700), 0.25, 1e-12);
  EXPECT_NEAR(tissue.share(1200, 400, 1400, 600), 0.25, 1e-12) << "outside of the mask is no tissue";
  EXPECT_EQ(tissue.share(0, 0, 100, 100), 0);
  EXPECT_EQ(tissue.share(1100, 500, 1100, 600), 0) << "an empty rectangle";
  EXPECT_EQ(TissueMask{}.share(0, 0, 1, 1), 0);
}

TEST(TissueMask, ShareIsWhatCountingPointsFinds) {
  std::mt19937 random(4);
  TissueMask tissue{Image(13, 9, 1), {-70, 30, 333, 211}};
  for (std::size_t i = 0; i < tissue.mask.bytes(); ++i) tissue.mask.data()[i] = static_cast<std::uint8_t>(random() % 2);
  std::uniform_real_distribution<double> place(-150, 350);
  for (int round = 0; round < 50; ++round) {
    double x0 = place(random), x1 = place(random), y0 = place(random), y1 = place(random);
    if (x0 > x1) std::swap(x0, x1);
    if (y0 > y1) std::swap(y0, y1);
    constexpr int kPoints = 300;  // a side
    int inside = 0;
    for (int j = 0; j < kPoints; ++j) {
      for (int i = 0; i < kPoints; ++i) inside += tissue.at(x0 + (i + 0.5) / kPoints * (x1 - x0), y0 + (j + 0.5) / kPoints * (y1 - y0));
    }
    EXPECT_NEAR(tissue.share(x0, y0, x1, y1), inside / double{kPoints * kPoints}, 0.01);
  }
}

}  // namespace
}  // namespace wsi_lpd::core
