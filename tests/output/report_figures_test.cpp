#include "report_figures.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "output/results.hpp"

namespace wsi_lpd::output {
namespace {

using testing::some_statistics;

std::size_t figure_named(const ReportGroup& group, const std::string& title) {
  const auto found = std::find_if(group.figures.begin(), group.figures.end(), [&](const Figure& figure) { return figure.title == title; });
  return static_cast<std::size_t>(found - group.figures.begin());
}

CompleteResult with_entropy(std::optional<double> entropy) {
  CompleteResult result{"slide", some_statistics()};
  result.statistics.mean_entropy = entropy;
  return result;
}

// R: quantile(c(9, 1, 4, 16, 25, 36)), its type 7.
TEST(Spread, HasTheQuartilesOfR) {
  const auto spread = spread_of({9, 1, 4, 16, 25, 36});
  ASSERT_TRUE(spread);
  EXPECT_EQ(spread->count, 6u);
  EXPECT_EQ(spread->smallest, 1);
  EXPECT_EQ(spread->first, 5.25);
  EXPECT_EQ(spread->median, 12.5);
  EXPECT_EQ(spread->third, 22.75);
  EXPECT_EQ(spread->largest, 36);
  EXPECT_EQ(spread->lower_fence(), 5.25 - 1.5 * 17.5);
  EXPECT_EQ(spread->upper_fence(), 22.75 + 1.5 * 17.5);
  EXPECT_FALSE(spread_of({}));
  EXPECT_EQ(spread_of({3})->median, 3);
}

// Quartiles of 0, 1 … 8 are 2 and 6, the fences −4 and 12.
TEST(Outliers, LieOutsideTukeysFences) {
  for (const auto& [value, high] : {std::pair{15.0, true}, std::pair{-9.0, false}}) {
    std::vector<CompleteResult> slides;
    for (int i = 0; i < 9; ++i) slides.push_back(with_entropy(i));
    slides.push_back(with_entropy({}));
    ReportGroup group = group_slides(slides).at(0);
    const std::size_t mixing = figure_named(group, "Mixing");
    ASSERT_LT(mixing, group.figures.size());
    EXPECT_EQ(group.spreads[mixing]->count, 9u) << "a slide without the figure counts nowhere";
    EXPECT_TRUE(outliers_of(group, 9).empty());
    group.values[mixing][0] = high ? 12 : -4;
    EXPECT_TRUE(outliers_of(group, 0).empty()) << "on the fence is inside";
    group.values[mixing][0] = value;
    const auto outliers = outliers_of(group, 0);
    ASSERT_EQ(outliers.size(), 1u);
    EXPECT_EQ(outliers[0].figure, mixing);
    EXPECT_EQ(outliers[0].high, high);
    EXPECT_EQ(outliers[0].distance, high ? 0.75 : 1.25);
  }
}

TEST(Outliers, NeedEnoughSlides) {
  std::vector<CompleteResult> slides(kFewestForOutliers - 1, with_entropy(1));
  slides.back().statistics.mean_entropy = 100;
  EXPECT_TRUE(outliers_of(group_slides(slides).at(0), slides.size() - 1).empty());
  slides.insert(slides.begin(), with_entropy(1));
  const auto outliers = outliers_of(group_slides(slides).at(0), slides.size() - 1);
  ASSERT_EQ(outliers.size(), 1u);
  EXPECT_EQ(outliers[0].distance, 1) << "no range to measure by";
}

TEST(Groups, AreSlidesOfOneModel) {
  std::vector<CompleteResult> slides(3, with_entropy(1));
  slides[1].statistics.model_sha256 = "other";
  const auto groups = group_slides(slides);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].slides, (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(groups[1].slides, std::vector<std::size_t>{1});
}

}  // namespace
}  // namespace wsi_lpd::output
