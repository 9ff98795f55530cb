#include "glass_cover.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace wsi_lpd::model::network {
namespace {

constexpr int kSize = 64, kCount = 40;

PatchBatch grey() {
  return {.count = kCount, .size = kSize, .rgb = std::vector<std::uint8_t>(3 * kSize * kSize * kCount, 90), .labels = {1, 0}};
}

TEST(GlassCover, LaysGlassOverOneSide) {
  const PatchBatch covered = covered_with_glass(grey(), 0);
  EXPECT_EQ(covered.labels, grey().labels);
  std::set<std::pair<bool, bool>> sides;  // of covered corners
  for (int i = 0; i < kCount; ++i) {
    const auto glass = [&](int x, int y) {
      const std::uint8_t value = covered.rgb[static_cast<std::size_t>(3 * ((i * kSize + y) * kSize + x))];
      EXPECT_TRUE(value == 90 || value >= 235) << int(value);
      return value != 90;
    };
    const bool corners[] = {glass(0, 0), glass(kSize - 1, 0), glass(0, kSize - 1), glass(kSize - 1, kSize - 1)};
    EXPECT_EQ(std::count(std::begin(corners), std::end(corners), true), 2) << "image " << i;
    sides.insert({corners[0], corners[1]});
    int pixels = 0;
    for (int y = 0; y < kSize; ++y)
      for (int x = 0; x < kSize; ++x) pixels += glass(x, y);
    EXPECT_EQ(pixels % kSize, 0) << "a straight edge";
    EXPECT_GE(pixels, 0.14 * kSize * kSize);
    EXPECT_LE(pixels, 0.61 * kSize * kSize);
  }
  EXPECT_EQ(sides.size(), 4U) << "each side in 40 images";
}

TEST(GlassCover, DependsOnTheNumberOfTheImageAlone) {
  const PatchBatch all = covered_with_glass(grey(), 0), later = covered_with_glass(grey(), 10);
  const std::size_t image = 3 * kSize * kSize;
  EXPECT_TRUE(std::equal(later.rgb.begin(), later.rgb.begin() + image, all.rgb.begin() + 10 * image));
  EXPECT_FALSE(std::equal(later.rgb.begin(), later.rgb.begin() + image, all.rgb.begin()));
}

}  // namespace
}  // namespace wsi_lpd::model::network
