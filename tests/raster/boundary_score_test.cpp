#include "wsi_lpd/raster/boundary_score.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::raster {
namespace {

constexpr std::uint8_t kLeftOut = 255;

std::vector<BoundaryCounts> score(const core::Image& truth, const core::Image& predicted, int classes, double tolerance, double width = 1,
                                  double height = 1) {
  BoundaryScore boundaries(classes, tolerance, width, height);
  for (std::int64_t y = 0; y < truth.height(); ++y)
    boundaries.add_row({truth.at(0, y), static_cast<std::size_t>(truth.width())},
                       {predicted.at(0, y), static_cast<std::size_t>(truth.width())});
  return boundaries.finish();
}

/// By the definition: every boundary pixel against every other.
std::vector<BoundaryCounts> brute_force(core::Image truth, core::Image predicted, int classes, double tolerance, double width,
                                        double height) {
  for (std::size_t i = 0; i < truth.bytes(); ++i) {
    if (truth.data()[i] > classes || predicted.data()[i] > classes) truth.data()[i] = predicted.data()[i] = kLeftOut;
  }
  struct Pixel {
    std::int64_t x, y;
  };
  const auto boundary = [](const core::Image& labels, std::uint8_t value) {
    std::vector<Pixel> pixels;
    for (std::int64_t y = 0; y < labels.height(); ++y) {
      for (std::int64_t x = 0; x < labels.width(); ++x) {
        if (*labels.at(x, y) != value) continue;
        for (const auto& [dx, dy] : {Pixel{-1, 0}, Pixel{1, 0}, Pixel{0, -1}, Pixel{0, 1}}) {
          const bool inside = x + dx >= 0 && y + dy >= 0 && x + dx < labels.width() && y + dy < labels.height();
          if (inside && *labels.at(x + dx, y + dy) != value && *labels.at(x + dx, y + dy) != kLeftOut) {
            pixels.push_back({x, y});
            break;
          }
        }
      }
    }
    return pixels;
  };
  const auto matched = [&](const std::vector<Pixel>& some, const std::vector<Pixel>& others) {
    return std::count_if(some.begin(), some.end(), [&](const Pixel& a) {
      return std::any_of(others.begin(), others.end(), [&](const Pixel& b) {
        return std::hypot(static_cast<double>(a.x - b.x) * width, static_cast<double>(a.y - b.y) * height) <= tolerance + 1e-9;
      });
    });
  };
  std::vector<BoundaryCounts> counts;
  for (int c = 0; c < classes; ++c) {
    const auto in_truth = boundary(truth, static_cast<std::uint8_t>(c)), in_prediction = boundary(predicted, static_cast<std::uint8_t>(c));
    counts.push_back({static_cast<std::int64_t>(in_truth.size()), matched(in_truth, in_prediction),
                      static_cast<std::int64_t>(in_prediction.size()), matched(in_prediction, in_truth)});
  }
  return counts;
}

TEST(BoundaryScore, IsWhatTheDefinitionSays) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    const int classes = 1 + static_cast<int>(random() % 3);
    const auto side = [&] { return static_cast<std::int64_t>(1 + random() % (round % 2 ? 40 : 9)); };
    core::Image truth(side(), side(), 1), predicted;
    const std::int64_t block = static_cast<std::int64_t>(1 + random() % 6);  // shapes of some size, with noise
    std::uint8_t values[64];
    for (std::uint8_t& value : values) value = static_cast<std::uint8_t>(random() % static_cast<unsigned>(classes + 1));
    for (std::int64_t y = 0; y < truth.height(); ++y) {
      for (std::int64_t x = 0; x < truth.width(); ++x)
        *truth.at(x, y) = random() % 50 == 0 ? kLeftOut : values[static_cast<std::size_t>(x / block * 5 + y / block * 3) % 64];
    }
    predicted = truth;
    for (std::size_t i = 0; i < truth.bytes(); ++i) {
      if (random() % 12 == 0) predicted.data()[i] = static_cast<std::uint8_t>(random() % static_cast<unsigned>(classes + 2));
      if (random() % 80 == 0) predicted.data()[i] = kLeftOut;
    }
    const double tolerance = std::vector<double>{0, 0.5, 1, 1.5, 2, 3.7, 5, 60}[random() % 8];
    const double width = random() % 2 ? 1 : 0.7, height = random() % 3 ? width : 0.71;
    EXPECT_EQ(score(truth, predicted, classes, tolerance, width, height), brute_force(truth, predicted, classes, tolerance, width, height))
        << "round " << round << ", tolerance " << tolerance;
  }
}

TEST(BoundaryScore, GoesFromNothingToAllAtTheShift) {
  const auto half = [](std::int64_t columns) {
    core::Image labels(64, 32, 1, 1);
    for (std::int64_t y = 0; y < 32; ++y) std::fill_n(labels.at(0, y), columns, std::uint8_t{0});
    return labels;
  };
  for (const double mpp : {0.25, 0.5, 1.0}) {
    EXPECT_EQ(score(half(20), half(27), 2, 6.99 * mpp, mpp, mpp)[0].f1(), 0) << "a border that is 7 pixels off";
    EXPECT_EQ(score(half(20), half(27), 2, 7 * mpp, mpp, mpp)[0].f1(), 1);
  }
  EXPECT_EQ(score(half(20), half(20), 2, 0)[1].f1(), 1);
  EXPECT_EQ(score(half(20), half(64), 2, 9)[0].f1(), 0) << "no border in the prediction: the edge is none";
  EXPECT_TRUE(std::isnan(score(half(64), half(64), 2, 9)[0].f1()));
  EXPECT_TRUE(std::isnan(mean_f1(score(half(64), half(64), 2, 9))));
  EXPECT_EQ(mean_f1(score(half(20), half(20), 3, 0)), 1) << "a class that is nowhere does not count";
  EXPECT_TRUE(std::isnan(mean_f1(BoundaryScore(2, 1, 1, 1).finish())));
}

TEST(BoundaryScore, IsTheHarmonicMeanOfPrecisionAndRecall) {
  const BoundaryCounts counts{.truth = 40, .truth_matched = 10, .predicted = 20, .predicted_matched = 15};
  EXPECT_DOUBLE_EQ(counts.precision(), 0.75);
  EXPECT_DOUBLE_EQ(counts.recall(), 0.25);
  EXPECT_DOUBLE_EQ(counts.f1(), 2 * 0.75 * 0.25);
}

}  // namespace
}  // namespace wsi_lpd::raster
