#include "wsi_lpd/core/bootstrap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace wsi_lpd::core {
namespace {

using ::testing::Each;

constexpr std::size_t kResamples = 10'000;
const std::vector<double> kShares{0.31, 0.42, 0.28, 0.55, 0.47, 0.39, 0.36, 0.61, 0.33, 0.44, 0.5, 0.29};

TEST(Bootstrap, GivesEqualValuesExactly) {
  EXPECT_THAT(resampled_means({0.1}, 5, 50), Each(0.1));
  EXPECT_THAT(resampled_means({0.1, 0.1, 0.1}, 5, 50), Each(0.1));  // whose sum divided by 3 is another number
  EXPECT_EQ(mean({0.1, 0.1, 0.1}), 0.1);
  EXPECT_EQ(percentile_interval({0.1, 0.1}), (std::array{0.1, 0.1}));
}

TEST(Bootstrap, DrawsTheSameForASeedAndOthersForAnother) {
  const auto means = resampled_means(kShares, 3, kResamples);
  EXPECT_EQ(means, resampled_means(kShares, 3, kResamples));
  EXPECT_NE(means, resampled_means(kShares, 4, kResamples));
}

// Written out in Python with the equation of draw_index: the percentiles of numpy.
TEST(Bootstrap, HasTheIntervalOfItsEquation) {
  const auto interval = percentile_interval(resampled_means({1, 2, 4, 8, 16}, 3, kResamples));
  EXPECT_NEAR(interval[0], 2.2, 1e-9);
  EXPECT_NEAR(interval[1], 11.4, 1e-9);
}

// numpy: means = numpy.random.default_rng(1).choice(x, (1000000, 12)).mean(1); percentile(means, [2.5, 97.5])
TEST(Bootstrap, AgreesWithNumpysGenerator) {
  const auto means = resampled_means(kShares, 0, kResamples);
  EXPECT_NEAR(std::accumulate(means.begin(), means.end(), 0.0) / kResamples, mean(kShares), 0.001);
  const auto interval = percentile_interval(means);
  EXPECT_NEAR(interval[0], 0.3575, 0.003);
  EXPECT_NEAR(interval[1], 0.4717, 0.003);
}

}  // namespace
}  // namespace wsi_lpd::core
