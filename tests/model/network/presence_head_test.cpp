#include "wsi_lpd/model/network/presence_head.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/network/presence_scorer.hpp"

namespace wsi_lpd::model::network {
namespace {

using ::testing::HasSubstr;
using torch::Tensor;

const std::vector<std::string> kClasses{"tumour", "stroma"};

/// Images of twelve patients, whose first feature shows the first class and whose second feature, less well, the second.
struct Images {
  Tensor features, labels;
  std::vector<std::string> groups;
};
Images painted(std::int64_t count, std::int64_t width) {
  torch::manual_seed(3);
  Images images{
      torch::randn({count, width}), torch::stack({torch::arange(count) % 2 == 1, torch::arange(count) % 3 == 2}, 1).to(torch::kFloat), {}};
  images.features.select(1, 0) += 4 * images.labels.select(1, 0);
  images.features.select(1, 1) += 2 * images.labels.select(1, 1);
  for (std::int64_t i = 0; i < count; ++i) images.groups.push_back("patient " + std::to_string(i * 7 % 12));
  return images;
}

std::string error_of(const Images& images) {
  try {
    fit_presence(images.features, images.labels, images.groups, kClasses);
  } catch (const core::Error& error) {
    return error.what();
  }
  return "fitted without complaint";
}

TEST(PresenceHead, FindsTheClassesInHeldOutImages) {
  const Images images = painted(120, 6);
  const PresenceFit fit = fit_presence(images.features, images.labels, images.groups, kClasses);
  EXPECT_GT(fit.auc[0], 0.97);
  EXPECT_GT(fit.auc[1], 0.85);
  const Tensor scores = fit.head.scores(images.features);
  const Tensor threshold = torch::tensor(fit.calibration.score_threshold);
  const Tensor right = ((scores > threshold) == (images.labels > 0.5)).to(torch::kDouble).mean(0);
  EXPECT_GT(right[0].item<double>(), 0.95);
  EXPECT_EQ(fit.held_out.sizes(), scores.sizes());
}

// Of images like these, the first feature shows the class; of others, whose second feature shows it, only parts are known.
TEST(PresenceHead, LearnsFromWhatIsKnownInPart) {
  const Images images = painted(120, 6);
  torch::manual_seed(5);
  ExtraFeatures extra{torch::randn({40, 6}), torch::full({40, 2}, NAN), {}};
  for (std::int64_t i = 0; i < 40; ++i) {
    extra.groups.push_back("other " + std::to_string(i));
    extra.labels[i][0] = static_cast<float>(i % 2);
    extra.features[i][3] += i % 2 ? 6 : -6;
    extra.features[i][0] += i % 2 ? -2 : 2;
  }
  const Tensor known = extra.labels.select(1, 0);
  const auto right = [&](const PresenceFit& fit) {
    const Tensor says = fit.head.scores(extra.features).select(1, 0) > fit.calibration.score_threshold[0];
    return (says == (known > 0.5)).to(torch::kDouble).mean().item<double>();
  };
  const PresenceFit without = fit_presence(images.features, images.labels, images.groups, kClasses);
  const PresenceFit with = fit_presence(images.features, images.labels, images.groups, kClasses, {}, extra);
  EXPECT_LT(right(without), 0.5);
  EXPECT_GT(right(with), 0.9);
  EXPECT_EQ(with.held_out.size(0), 120) << "thresholds are those of images whose labels are known";

  std::ranges::fill(extra.groups, "patient 3");  // held out in one of the folds: its images are judged as without
  const PresenceFit same = fit_presence(images.features, images.labels, images.groups, kClasses, {}, extra);
  std::int64_t judged = 0;
  for (std::int64_t i = 0; i < 120; ++i) {
    if (images.groups[static_cast<std::size_t>(i)] != "patient 3" || same.strength != without.strength) continue;
    EXPECT_TRUE(torch::allclose(same.held_out[i], without.held_out[i], 1e-4, 1e-4));
    ++judged;
  }
  EXPECT_GT(judged, 0) << "strengths " << same.strength << " and " << without.strength;
}

TEST(PresenceHead, IsTheSameWhateverTheScaleOfTheFeatures) {
  Images images = painted(120, 6);
  const PresenceFit fit = fit_presence(images.features, images.labels, images.groups, kClasses);
  images.features = images.features * torch::tensor({100.0F, 0.01F, 1.0F, 3.0F, 8.0F, 0.5F}) + 2;
  const PresenceFit scaled = fit_presence(images.features, images.labels, images.groups, kClasses);
  EXPECT_EQ(fit.strength, scaled.strength);
  EXPECT_LT((fit.held_out - scaled.held_out).abs().max().item<double>(), 1e-3);
}

// Images whose labels nothing shows: a fit that had seen them would rank them well, held-out scores must not.
TEST(PresenceHead, HeldOutScoresAreHonest) {
  Images images = painted(90, 200);
  images.features = torch::randn({90, 200});
  const PresenceFit fit = fit_presence(images.features, images.labels, images.groups, kClasses);
  EXPECT_LT(fit.auc[0], 0.75);
  EXPECT_GT(fit.auc[0], 0.25);
}

// Copies that all lie elsewhere, by as much as the first class shows: the head learns to look past what they lie along.
TEST(PresenceHead, LooksPastWhatAlteredCopiesChange) {
  const Images images = painted(120, 6);
  Tensor altered = images.features.clone();
  altered.select(1, 0) -= 4;
  altered.select(1, 5) += 12;
  const auto right = [&](const PresenceFit& fit) {
    const Tensor said = fit.head.scores(altered) > torch::tensor(fit.calibration.score_threshold);
    return (said == (images.labels > 0.5)).to(torch::kDouble).mean(0)[0].item<double>();
  };
  const PresenceFit plain = fit_presence(images.features, images.labels, images.groups, kClasses),
                    both = fit_presence(images.features, images.labels, images.groups, kClasses, altered);
  EXPECT_LT(right(plain), 0.7);
  EXPECT_GT(right(both), 0.9);
  EXPECT_EQ(both.held_out.size(0), 120) << "of the images as they are";
  EXPECT_GT(both.auc[0], 0.95);
  altered.index_put_({3, 2}, NAN);
  EXPECT_THROW(fit_presence(images.features, images.labels, images.groups, kClasses, altered), core::Error);
}

// Copies are no further images: a class in four images stays one in four.
TEST(PresenceHead, CopiesDoNotMakeAClassFrequent) {
  Images images = painted(60, 4);
  images.labels.select(1, 1).zero_();
  images.labels.index_put_({torch::indexing::Slice(0, 4), 1}, 1);
  try {
    fit_presence(images.features, images.labels, images.groups, kClasses, images.features);
    ADD_FAILURE() << "fitted without complaint";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("class stroma is in 4 of 60 images"));
  }
}

TEST(PresenceHead, MoreFeaturesThanImagesDoNotChangeTheFit) {
  Images images = painted(60, 4);
  const PresenceFit fit = fit_presence(images.features, images.labels, images.groups, kClasses);
  images.features = torch::cat({images.features, torch::full({60, 100}, 3.0F)}, 1);  // constants tell nothing
  const PresenceFit wide = fit_presence(images.features, images.labels, images.groups, kClasses);
  EXPECT_LT((fit.held_out - wide.held_out).abs().max().item<double>(), 1e-4);
}

TEST(PresenceHead, MeanOfAScoreMapIsTheImagesScore) {
  torch::manual_seed(0);
  const PresenceHead head{torch::randn({2, 8}), torch::randn({2})};
  const Tensor maps = torch::randn({3, 8, 5, 7});
  const Tensor scores = head.score_maps(maps);
  EXPECT_EQ(scores.sizes(), (std::vector<std::int64_t>{3, 2, 5, 7}));
  EXPECT_LT((scores.mean({2, 3}) - head.scores(maps.mean({2, 3}))).abs().max().item<double>(), 1e-5);
}

TEST(PresenceHead, MapsKeepTheirMeansOnTheGridOfTheGate) {
  torch::manual_seed(0);
  for (const std::int64_t side : {1, 3, 7, 14, 37}) {
    const Tensor maps = torch::randn({2, 3, side, side}), grid = on_score_grid(maps, 224);
    EXPECT_EQ(grid.sizes(), (std::vector<std::int64_t>{2, 3, 14, 14}));
    EXPECT_LT((grid.mean({2, 3}) - maps.mean({2, 3})).abs().max().item<double>(), 1e-5);
  }
}

TEST(PresenceHead, FoldsNeverSplitAPatientAndAreEven) {
  const Images images = painted(120, 2);
  const std::vector<int> folds = folds_of_groups(images.groups, images.labels, 5);
  std::map<std::string, std::set<int>> of_group;
  std::map<int, double> with;
  for (std::size_t i = 0; i < folds.size(); ++i) {
    of_group[images.groups[i]].insert(folds[i]);
    with[folds[i]] += images.labels[static_cast<std::int64_t>(i)][0].item<double>();
  }
  for (const auto& [group, where] : of_group) EXPECT_EQ(where.size(), 1U) << group;
  EXPECT_EQ(with.size(), 5U);
  for (const auto& [fold, count] : with) EXPECT_NEAR(count, 12, 9) << fold;
  EXPECT_EQ(folds, folds_of_groups(images.groups, images.labels, 5));
  const std::vector<int> two = folds_of_groups({"a", "b", "a"}, torch::zeros({3, 1}), 5);
  EXPECT_EQ(two, (std::vector<int>{0, 1, 0}));
}

TEST(PresenceHead, BadInputIsOneLine) {
  const Images sound = painted(60, 3);
  Images images = sound;
  images.features = images.features.clone();
  images.features[7][1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(error_of(images), HasSubstr("not finite"));
  images = sound;
  images.groups.assign(60, "only");
  EXPECT_THAT(error_of(images), HasSubstr("of one patient (only)"));
  images = sound;
  images.labels = images.labels.clone();
  images.labels.select(1, 1) = (torch::arange(60) < 3).to(torch::kFloat);
  EXPECT_THAT(error_of(images), HasSubstr("class stroma is in 3 of 60 images"));
  images.labels.select(1, 1) = (torch::arange(60) >= 3).to(torch::kFloat);
  EXPECT_THAT(error_of(images), HasSubstr("class stroma is in 57 of 60 images"));
  images = sound;
  for (std::size_t i = 0; i < 60; ++i) images.groups[i] = images.labels[static_cast<std::int64_t>(i)][0].item<float>() > 0.5F ? "a" : "b";
  EXPECT_THAT(error_of(images), HasSubstr("all images with class tumour"));
}

TEST(JointPresence, AddsMarginsInImagesAndInMaps) {
  ModelInfo info;
  info.classes.names = kClasses;
  info.calibration = {{0.5F, -2}, {2, 0.25F}};
  info.presence.emplace();
  info.presence->own_weight = 0.25;
  info.presence->calibration = {{1, -1}, {0.5F, 3}};
  torch::manual_seed(5);
  const Tensor head = torch::randn({4, 2, 3, 3}), own = torch::randn({4, 2, 3, 3});
  const JointPresence joint(info, torch::kCPU);
  const auto margin = [](const Tensor& scores, const core::Calibration& calibration) {
    const auto column = [](const std::vector<float>& values) { return torch::tensor(values).view({1, 2, 1, 1}); };
    return (scores - column(calibration.score_threshold)) / column(calibration.score_width);
  };
  const Tensor maps = joint(head, own);
  EXPECT_TRUE(torch::allclose(maps, margin(head, info.presence->calibration) + 0.25 * margin(own, info.calibration), 1e-5, 1e-5));
  EXPECT_TRUE(torch::allclose(joint(head.mean({2, 3}), own.mean({2, 3})), maps.mean({2, 3}), 1e-5, 1e-5))
      << "the mean of a map is the score";
}

}  // namespace
}  // namespace wsi_lpd::model::network
