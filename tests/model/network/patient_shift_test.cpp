#include "wsi_lpd/model/network/patient_shift.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

namespace wsi_lpd::model::network {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::FloatNear;

/// Margins of two classes that never are in one image, and of a third that is in half of the images.
class Hospital {
 public:
  explicit Hospital(unsigned seed) : random_(seed) {}

  /// Images of a patient whose scores are shifted by `shift`.
  void add(const std::string& patient, int images, const std::array<double, 3>& shift) {
    for (int i = 0; i < images; ++i) {
      const bool malign = coin(), other = coin();
      const std::array<double, 3> y{malign ? 1.0 : 0.0, malign ? 0.0 : 1.0, other ? 1.0 : 0.0};
      const double common = normal_(random_);  // errors of one image are not independent
      for (std::size_t c = 0; c < 3; ++c) {
        labels.push_back(static_cast<float>(y[c]));
        margins.push_back(static_cast<float>((y[c] > 0 ? 4 : -4) + shift[c] + common + normal_(random_)));
      }
      groups.push_back(patient);
    }
  }
  std::array<double, 3> drawn_shift(double deviation) {
    return {deviation * normal_(random_), deviation * normal_(random_), deviation * normal_(random_)};
  }

  std::vector<float> margins, labels;
  std::vector<std::string> groups;

 private:
  bool coin() { return std::uniform_int_distribution(0, 1)(random_) == 1; }
  std::mt19937 random_;
  std::normal_distribution<> normal_;
};

Hospital many_patients() {
  Hospital hospital(1);
  for (int p = 0; p < 200; ++p) hospital.add(std::to_string(p), 3 + p % 9, hospital.drawn_shift(1.5));
  return hospital;
}

TEST(PatientShift, ModelIsThatOfTheImages) {
  const Hospital hospital = many_patients();
  const auto scatter = fit_patient_scatter(hospital.margins, hospital.labels, hospital.groups, 3);
  ASSERT_TRUE(scatter);
  EXPECT_TRUE(scatter->is_sound(3));
  EXPECT_EQ(scatter->classes(), 3U);
  ASSERT_EQ(scatter->shares.size(), 4U) << "two classes that exclude each other, with and without a third";
  for (const double share : scatter->shares) EXPECT_NEAR(share, 0.25, 0.03);
  for (const double mean : scatter->means) EXPECT_NEAR(std::abs(mean), 4, 0.4);
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_NEAR(scatter->within[i], i % 4 == 0 ? 2 : 1, 0.25) << i;
    EXPECT_NEAR(scatter->between[i], i % 4 == 0 ? 2.25 : 0, 0.6) << i;
  }
}

TEST(PatientShift, FindsTheShiftOfPatientsItHasNotSeen) {
  const Hospital hospital = many_patients();
  const auto scatter = fit_patient_scatter(hospital.margins, hospital.labels, hospital.groups, 3);
  ASSERT_TRUE(scatter);
  Hospital other(2);
  double error = 0, size = 0;
  for (int p = 0; p < 40; ++p) {
    const std::array<double, 3> truth = other.drawn_shift(1.5);
    other.margins.clear();
    other.add("p", 20, truth);
    const std::vector<float> shift = patient_shift(*scatter, other.margins);
    for (std::size_t c = 0; c < 3; ++c) {
      error += std::pow(shift[c] - truth[c], 2);
      size += std::pow(truth[c], 2);
    }
  }
  EXPECT_LT(error, 0.2 * size) << "twenty images leave an error of variance 2 / 20 in a shift of variance 2.25";
}

TEST(PatientShift, IsTheKnownAnswerWithOneSetOfLabels) {
  const PatientScatter scatter{.shares = {1}, .means = {1, -1}, .within = {4, 0, 0, 1}, .between = {1, 0, 0, 9}};
  const std::vector<float> margins{3, 0, 3, 0, 3, 0, 3, 0, 3, 0};
  const double first = (5 / 4.0 * 2) / (5 / 4.0 + 1), second = 5.0 / (5.0 + 1 / 9.0);
  EXPECT_THAT(patient_shift(scatter, margins), ElementsAre(FloatNear(first, 1e-5F), FloatNear(second, 1e-5F)));
  EXPECT_THAT(patient_shift(scatter, {}), ElementsAre(0, 0));
  std::vector<float> twenty, hundred;
  for (int i = 0; i < 100; ++i) {
    hundred.insert(hundred.end(), {3, 0});
    if (i < 20) twenty.insert(twenty.end(), {3, 0});
  }
  EXPECT_EQ(patient_shift(scatter, hundred), patient_shift(scatter, twenty)) << "neighbours look alike";
}

TEST(PatientShift, DoesNotMoveWhatLiesWhereItShould) {
  const PatientScatter scatter{.shares = {0.5, 0.5}, .means = {-4, 4, 4, -4}, .within = {1, 0, 0, 1}, .between = {1, 0, 0, 1}};
  for (const std::vector<float>& pure : {std::vector<float>{-4, 4, -4, 4}, {4, -4, 4, -4}, {-4, 4, 4, -4}})
    EXPECT_THAT(patient_shift(scatter, pure), Each(FloatNear(0, 1e-3F)));
}

TEST(PatientShift, NeedsPatientsWithSeveralImages) {
  Hospital few(3), single(4), enough(5);
  for (int p = 0; p < 9; ++p) few.add(std::to_string(p), 10, few.drawn_shift(1));
  for (int p = 0; p < 60; ++p) single.add(std::to_string(p), 1, single.drawn_shift(1));
  for (int p = 0; p < 10; ++p) enough.add(std::to_string(p), 2, enough.drawn_shift(1));
  EXPECT_FALSE(fit_patient_scatter(few.margins, few.labels, few.groups, 3));
  EXPECT_FALSE(fit_patient_scatter(single.margins, single.labels, single.groups, 3));
  const auto scatter = fit_patient_scatter(enough.margins, enough.labels, enough.groups, 3);
  ASSERT_TRUE(scatter);
  EXPECT_TRUE(scatter->is_sound(3)) << "variances that come out negative are made positive";
}

TEST(PatientShift, NonsenseIsNotSound) {
  const PatientScatter sound{.shares = {0.5, 0.5}, .means = {-4, 4, 4, -4}, .within = {1, 0, 0, 1}, .between = {1, 0, 0, 1}};
  EXPECT_TRUE(sound.is_sound(2));
  EXPECT_FALSE(sound.is_sound(3));
  PatientScatter bad = sound;
  bad.within = {1, 2, 2, 1};
  EXPECT_FALSE(bad.is_sound(2)) << "not positive definite";
  bad = sound;
  bad.between[1] = 0.5;
  EXPECT_FALSE(bad.is_sound(2)) << "not symmetric";
  bad = sound;
  bad.means[0] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(bad.is_sound(2));
  bad = sound;
  bad.shares = {1, 0};
  EXPECT_FALSE(bad.is_sound(2));
  EXPECT_FALSE(PatientScatter{}.is_sound(2));
}

}  // namespace
}  // namespace wsi_lpd::model::network
