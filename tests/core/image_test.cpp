#include "wsi_lpd/core/image.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace wsi_lpd::core {
namespace {

TEST(ResampleArea, MatchesTheIntegralOfEachTargetPixel) {
  std::mt19937 random(4);
  for (int round = 0; round < 40; ++round) {
    const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    const auto real = [&](double low, double high) { return std::uniform_real_distribution(low, high)(random); };
    Image source(pick(1, 40), pick(1, 40), pick(0, 1) ? 3 : 1);
    for (std::size_t i = 0; i < source.bytes(); ++i) source.data()[i] = static_cast<std::uint8_t>(pick(0, 255));
    Image target(pick(1, 12), pick(1, 12), source.channels());
    const double scale_x = real(0.3, 4), scale_y = real(0.3, 4), x0 = real(-3, 8), y0 = real(-3, 8);
    resample_area(source.view(), x0, y0, scale_x, scale_y, target.view());
    for (std::int64_t y = 0; y < target.height(); ++y) {
      for (std::int64_t x = 0; x < target.width(); ++x) {
        for (int c = 0; c < source.channels(); ++c) {
          double sum = 0;
          for (auto sy = static_cast<std::int64_t>(std::floor(y0 + y * scale_y)); sy < y0 + (y + 1) * scale_y; ++sy) {
            for (auto sx = static_cast<std::int64_t>(std::floor(x0 + x * scale_x)); sx < x0 + (x + 1) * scale_x; ++sx) {
              const double wx = std::min(x0 + (x + 1) * scale_x, sx + 1.0) - std::max(x0 + x * scale_x, static_cast<double>(sx));
              const double wy = std::min(y0 + (y + 1) * scale_y, sy + 1.0) - std::max(y0 + y * scale_y, static_cast<double>(sy));
              const auto* pixel =
                  source.at(std::clamp<std::int64_t>(sx, 0, source.width() - 1), std::clamp<std::int64_t>(sy, 0, source.height() - 1));
              sum += wx * wy * pixel[c];
            }
          }
          EXPECT_NEAR(target.at(x, y)[c], sum / scale_x / scale_y, 0.51);
        }
      }
    }
  }
}

TEST(ResampleArea, CopiesAtScaleOne) {
  Image source(5, 4, 1);
  for (std::size_t i = 0; i < source.bytes(); ++i) source.data()[i] = static_cast<std::uint8_t>(i * 7);
  Image target(3, 2, 1);
  resample_area(source.view(), 1, 2, 1, 1, target.view());
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 3; ++x) EXPECT_EQ(*target.at(x, y), *source.at(x + 1, y + 2));
  }
}

}  // namespace
}  // namespace wsi_lpd::core
