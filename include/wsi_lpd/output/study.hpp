#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/output/statistics.hpp"

// A study joins slides to cases and compares groups of cases (docs/study.md). Functions here are thread-safe where nothing else is said.
namespace wsi_lpd::output {

/// A patient, specimen or animal.
struct StudyCase {
  std::string name;
  std::string group{};                ///< empty: none
  std::vector<std::size_t> slides{};  ///< indices into Study::slides
  std::size_t left_out = 0;           ///< slides that the table gives it, and that can't be used
  SlideStatistics figures{};          ///< combined() of its slides
};

/// A slide that no figure of the study contains.
struct StudyLeftOut {
  std::string slide;          ///< as the results or the table name it
  std::string case_name{};    ///< empty: none
  std::string reason;         ///< the same words for all slides of a kind: "no case"
  std::string explanation{};  ///< of this slide; may be empty
};

/// What a group's cases have of a measure: their number n, arithmetic mean, median, and the 95 % percentile bootstrap interval of the mean
/// over cases: kStudyResamples resamples of n cases, drawn with replacement by core::resampled_means(values, core::hash(seed, g), …), g
/// being the group's place in Study::groups; core::percentile_interval() of their means. None for fewer than kFewestForInterval cases.
struct GroupFigures {
  std::size_t cases = 0;  ///< with a value; without one there are no other figures
  std::optional<double> mean{}, median{};
  std::optional<std::array<double, 2>> interval{};
};
inline constexpr std::size_t kStudyResamples = 10'000;
inline constexpr std::size_t kFewestForInterval = 3;

/// The mean of the first of two groups minus that of the second, d = m₀ − m₁. Its interval is core::percentile_interval() of the
/// kStudyResamples differences m₀*ᵣ − m₁*ᵣ, where m*ᵣ is the mean of resample r of each group, which is drawn independently of the other.
/// None where one of the groups has none.
struct GroupDifference {
  double mean = 0;
  std::optional<std::array<double, 2>> interval{};
};

struct StudyMeasure {
  std::string column;                           ///< of cases.csv; as summary.csv calls it
  std::string title, unit, meaning;             ///< for people; unit "%" for a fraction of 0…1, empty for a plain number
  bool is_main = false;                         ///< of those that come first on the page
  std::vector<std::optional<double>> values{};  ///< by case
  std::vector<GroupFigures> groups{};           ///< by group
  std::optional<GroupDifference> difference{};  ///< where there are two groups, and both have a value
};

struct Study {
  std::filesystem::path results{}, table{};   ///< the folder, and the table that gives cases and groups
  std::vector<SlideStatistics> slides{};      ///< that have a case and can be used
  std::vector<StudyCase> cases{};             ///< with a slide, in the order of the table
  std::vector<std::string> groups{};          ///< in the order of the table; one without a name where the table has none
  std::vector<StudyLeftOut> left_out{};       ///< sorted by reason, then by slide
  std::vector<std::string> cases_left_out{};  ///< cases of the table without a slide that can be used
  std::vector<std::string> warnings{};
  std::uint64_t seed = 0;
  std::vector<StudyMeasure> measures{};
};

/// The figures of at least one slide of one case, as if they were one slide. Everything that is an area, a length or a count is added, in
/// output pixels of the first slide's µm/px m₁: a slide's pixels count (m/m₁)² as an area, rounded to whole pixels, and m/m₁ as a length.
/// Every ratio that is computed from the result is so the ratio of the added areas, such as TUM ÷ STR = Σ TUM ÷ Σ STR. `largest_region` is
/// the largest of all slides. `mean_entropy` and `out_of_focus` are means weighted by the slides' tissue areas A, Σ A·x ÷ Σ A over the
/// slides that have x. A border between classes that one of the slides does not record is not recorded. What can't be combined is
/// empty: `share_interval`, `focus_median`. Throws Error: µm/px is unknown, or the classes are not the same.
SlideStatistics combined(const std::vector<const SlideStatistics*>& slides);

/// What the slides of a study were not segmented alike in: options, µm/px, number format, version of the program; one line each. Throws
/// UsageError where they come from different models or classes: such figures can't be compared.
std::vector<std::string> differences_between(const std::vector<SlideStatistics>& slides);

/// Every measure of the cases of a study, each compared between its groups with draws of Study::seed. Cases without a group are in none,
/// but in the one without a name. Needs StudyCase::figures.
std::vector<StudyMeasure> study_measures(const Study& study);

/// Writes cases.csv, groups.csv, difference.csv (of two groups), left_out.csv and last index.html into `folder`, which exists. `time` is
/// shown as the time of its making. Throws Error with the path and the reason. Not thread-safe for one folder.
void write_study_files(const std::filesystem::path& folder, const Study& study, const std::string& time);

/// Was `folder` made for a study?
bool is_study(const std::filesystem::path& folder);

}  // namespace wsi_lpd::output
