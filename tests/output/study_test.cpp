#include "wsi_lpd/output/study.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "output/results.hpp"
#include "study_page.hpp"
#include "study_tables.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::output {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// At 0.5 µm/px, 4 million pixels are 1 mm².
SlideStatistics slide_of(std::int64_t tumour, std::int64_t stroma, std::int64_t lymphocytes, std::int64_t tissue, double mpp = 0.5) {
  SlideStatistics s = testing::some_statistics();
  s.frame.mpp = mpp;
  s.classes = core::default_class_scheme(4);
  s.per_class = {{tumour, 2, tumour}, {stroma, 1, stroma}, {lymphocytes, 3, lymphocytes / 2}, {}};
  s.tissue_pixels = tissue;
  s.unlabelled_pixels = tissue - tumour - stroma - lymphocytes;
  s.unreadable_pixels = 0;
  s.interfaces = {{0, 1, 1000}};
  s.mean_entropy = 0.5;
  s.out_of_focus = {};
  s.fit = {{10, 1}, {10, 5}};
  return s;
}

/// A case for each list of tumour's shares of a tissue of 1 mm².
Study study_of(const std::vector<std::pair<std::string, double>>& cases) {
  Study study{.results = "results", .table = "groups.csv"};
  for (const auto& [group, share] : cases) {
    study.slides.push_back(slide_of(static_cast<std::int64_t>(share * 4'000'000), 0, 0, 4'000'000));
    study.cases.push_back(
        {"P" + std::to_string(study.cases.size()), group, {study.slides.size() - 1}, 0, combined({&study.slides.back()})});
    if (std::ranges::find(study.groups, group) == study.groups.end()) study.groups.push_back(group);
  }
  study.measures = study_measures(study);
  return study;
}

const StudyMeasure& measure(const Study& study, const std::string& column) {
  return *std::ranges::find(study.measures, column, &StudyMeasure::column);
}

TEST(Study, AddsAreasAndComputesRatiosOfTheSums) {
  const SlideStatistics one = slide_of(1'000'000, 2'000'000, 0, 4'000'000), two = slide_of(600'000, 100'000, 300'000, 1'000'000);
  Study study{.cases = {{"P1", "", {0, 1}, 0, combined({&one, &two})}}, .groups = {""}};
  study.measures = study_measures(study);
  const auto value = [&](const std::string& column) { return measure(study, column).values.at(0).value_or(-1); };
  EXPECT_DOUBLE_EQ(value("tissue_mm2"), 1.25);
  EXPECT_DOUBLE_EQ(value("TUM_mm2"), 0.4);
  EXPECT_DOUBLE_EQ(value("TUM_fraction"), 1.6 / 5);
  EXPECT_DOUBLE_EQ(value("TUM_share_of_classes"), 1.6 / 4);
  EXPECT_DOUBLE_EQ(value("unlabelled_fraction"), 1.0 / 5);
  EXPECT_DOUBLE_EQ(value("tumour_stroma_ratio"), 1.6 / 2.1);  // the mean of the slides' ratios would be 3.25
  EXPECT_DOUBLE_EQ(value("til_fraction"), 0.3 / 2.4);
  EXPECT_DOUBLE_EQ(value("TUM_regions"), 4);
  EXPECT_DOUBLE_EQ(value("TUM_largest_region_mm2"), 0.25);
  EXPECT_DOUBLE_EQ(value("TUM_STR_interface_mm"), 1);
  EXPECT_DOUBLE_EQ(value("fit_stain"), 0.5);
  EXPECT_EQ(value("out_of_focus_fraction"), -1) << "no slide has it";
}

TEST(Study, WeighsByTissueWhatCannotBeAdded) {
  SlideStatistics one = slide_of(0, 0, 0, 3'000'000), two = slide_of(0, 0, 0, 1'000'000), three = slide_of(0, 0, 0, 8'000'000);
  one.mean_entropy = 0.2;
  two.mean_entropy = 1;
  three.mean_entropy = {};
  two.out_of_focus = 0.25;
  three.interfaces = {};
  const SlideStatistics sum = combined({&one, &two, &three});
  EXPECT_DOUBLE_EQ(sum.mean_entropy.value(), (3 * 0.2 + 1) / 4);
  EXPECT_DOUBLE_EQ(sum.out_of_focus.value(), 0.25);
  EXPECT_TRUE(sum.interfaces.empty()) << "one slide does not record its borders";
  EXPECT_FALSE(sum.focus_median || sum.per_class[0].share_interval);
}

TEST(Study, AddsAreasOfOtherResolutions) {
  const SlideStatistics fine = slide_of(1000, 10, 0, 4000, 0.5), coarse = slide_of(300, 10, 0, 1000, 1);
  const SlideStatistics sum = combined({&fine, &coarse});
  EXPECT_EQ(sum.frame.mpp, 0.5);
  EXPECT_EQ(sum.per_class[0].pixels, 1000 + 4 * 300);
  EXPECT_EQ(sum.per_class[0].largest_region, 1200);
  EXPECT_EQ(sum.tissue_pixels, 8000);
  EXPECT_DOUBLE_EQ(sum.interfaces.at(0).length, 1000 + 2 * 1000);
  const SlideStatistics unknown = slide_of(1, 1, 1, 4, 0);
  EXPECT_THROW(combined({&fine, &unknown}), core::Error);
}

TEST(Study, ComparesTwoGroups) {
  const Study study = study_of({{"A", 0.5}, {"B", 0.25}, {"A", 0.75}, {"B", 0.25}, {"A", 0.25}, {"B", 0.25}, {"A", 0.625}});
  const StudyMeasure& tumour = measure(study, "TUM_fraction");
  EXPECT_EQ(tumour.groups[0].cases, 4u);
  EXPECT_DOUBLE_EQ(*tumour.groups[0].mean, 0.53125);
  EXPECT_DOUBLE_EQ(*tumour.groups[0].median, 0.5625);
  EXPECT_EQ(*tumour.groups[1].mean, 0.25);
  EXPECT_EQ(*tumour.groups[1].interval, (std::array{0.25, 0.25})) << "all cases are equal";
  EXPECT_DOUBLE_EQ(tumour.difference->mean, 0.28125);
  const auto interval = *tumour.groups[0].interval, difference = *tumour.difference->interval;
  EXPECT_LT(interval[0], 0.53125);
  EXPECT_GT(interval[1], 0.53125);
  for (const int end : {0, 1}) EXPECT_DOUBLE_EQ(difference.at(end), interval.at(end) - 0.25);  // one group does not vary
  EXPECT_THAT(groups_table(study), HasSubstr("\nTUM_fraction,1,B,3,0.25,0.25,0.25,0.25\n"));
  EXPECT_THAT(difference_table(study), HasSubstr("\nTUM_fraction,1,A,B,0.28125,"));
  EXPECT_THAT(cases_table(study), StartsWith("case,group,slides,slides_left_out,TUM_fraction,STR_fraction,"));
  EXPECT_FALSE(measure(study, "tumour_stroma_ratio").difference) << "no case has stroma";
}

// Python, with the equation of core::draw_index: A = [1, 2, 4, 8, 16] and B = [3, 5, 7, 7] thousandths, percentiles of numpy.
TEST(Study, DrawsGroupsIndependently) {
  std::vector<std::pair<std::string, double>> cases;
  for (const double a : {1, 2, 4, 8, 16}) cases.emplace_back("A", a / 1000);
  for (const double b : {3, 5, 7, 7}) cases.emplace_back("B", b / 1000);
  const auto difference = measure(study_of(cases), "TUM_fraction").difference.value();
  EXPECT_NEAR(difference.mean, 0.0007, 1e-9);
  EXPECT_NEAR(difference.interval->at(0), -0.0038, 1e-9);
  EXPECT_NEAR(difference.interval->at(1), 0.0061, 1e-9);
}

TEST(Study, GivesFewCasesNoInterval) {
  const Study study = study_of({{"A", 0.5}, {"A", 0.25}, {"A", 0.5}, {"B", 0.25}, {"B", 0.5}});
  const StudyMeasure& tumour = measure(study, "TUM_fraction");
  EXPECT_TRUE(tumour.groups[0].interval);
  EXPECT_FALSE(tumour.groups[1].interval);
  EXPECT_DOUBLE_EQ(tumour.difference->mean, 1.25 / 3 - 0.375);
  EXPECT_FALSE(tumour.difference->interval);
  EXPECT_THAT(groups_table(study), HasSubstr("\nTUM_fraction,1,B,2,0.375,,,0.375\n"));
  EXPECT_THAT(study_page(study, ""), HasSubstr("Fewer than 3 cases have no interval"));
  EXPECT_FALSE(measure(study_of({{"A", 0.5}, {"B", 0.5}, {"C", 0.5}}), "TUM_fraction").difference) << "of two groups only";
}

TEST(Study, SaysWhatSlidesDifferIn) {
  SlideStatistics one = slide_of(1, 1, 1, 4), two = one;
  EXPECT_TRUE(differences_between({one, two}).empty());
  two.configuration["overlap"] = "0.25";
  two.crf = false;
  EXPECT_THAT(differences_between({one, two, two}),
              ::testing::ElementsAre("slides were not segmented alike: overlap: 0.25 (2 slides), 0.5 (1 slide)",
                                     "slides were not segmented alike: dense CRF: no (2 slides), yes (1 slide)"));
  two.model_sha256 = "fed";
  EXPECT_THROW(differences_between({one, two}), core::UsageError);
}

TEST(Study, EscapesNamesOnItsPage) {
  Study study = study_of({{"<script>alert(1)</script>", 0.5}, {"\"B\" & 'C'", 0.25}});
  study.cases[0].name = "<img src=x>";
  study.slides[0].slide = "\"><b>.svs";
  study.slides[0].configuration["<i>"] = "<u>";
  study.left_out = {{"<s>.svs", "<em>", "no result", "<tt>"}};
  study.warnings = {"<h6>"};
  const std::string page = study_page(study, "<q>");
  for (const char* markup : {"<script", "<img", "<b>", "<i>", "<u>", "<s>", "<em>", "<tt>", "<h6>", "<q>", "src=\"http", "url(http"})
    EXPECT_THAT(page, Not(HasSubstr(markup)));
  EXPECT_THAT(page, HasSubstr("&lt;img src=x&gt;"));
}

}  // namespace
}  // namespace wsi_lpd::output
