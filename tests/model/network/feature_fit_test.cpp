#include "wsi_lpd/model/network/feature_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "wsi_lpd/model/network/fit_stain.hpp"
#include "wsi_lpd/model/network/presence_head.hpp"

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

std::vector<std::string> patients(std::int64_t images, std::int64_t count) {
  std::vector<std::string> groups;
  for (std::int64_t i = 0; i < images; ++i) groups.push_back("patient " + std::to_string(i % count));
  return groups;
}

/// Images whose features depend on each other: few directions vary much, all vary a little. `images` draws of one distribution of `width`.
class Tissue {
 public:
  explicit Tissue(std::int64_t width) : width_(width) {
    torch::manual_seed(11);
    mixing_ = torch::randn({width, width}, torch::kDouble) * torch::pow(0.9, torch::arange(width).to(torch::kDouble));
  }
  Tensor images(std::int64_t count) const { return torch::randn({count, width_}, torch::kDouble).mm(mixing_.t()) + 5; }

 private:
  std::int64_t width_;
  Tensor mixing_;
};

double share_beyond(const FeatureFit& fit, const Tensor& features) {
  return (fit.distances(features.to(torch::kFloat)) > 1).to(torch::kDouble).mean().item<double>();
}

/// Mahalanobis' part and the residual of each image of `others`, by the eigenvectors of the correlation matrix of `images`.
std::pair<Tensor, Tensor> parts_by_eigenvectors(const Tensor& images, const Tensor& others, std::int64_t components) {
  const Tensor mean = images.mean(0), deviation = images.std(0, false), z = (images - mean) / deviation;
  const auto [values, vectors] = torch::linalg_eigh(z.t().mm(z) / static_cast<double>(images.size(0) - 1));  // ascending
  Tensor inside = torch::zeros({others.size(0)}, torch::kDouble), outside = inside.clone();
  const Tensor y = (others - mean) / deviation;
  for (std::int64_t i = 0; i < values.size(0); ++i) {
    const Tensor squares = y.mv(vectors.select(1, i)).square();
    if (i >= values.size(0) - components)
      inside = inside + squares / values[i];
    else
      outside = outside + squares;
  }
  return {inside, outside};
}

TEST(FeatureFit, DistancesAreThoseOfTheFormula) {
  const Tissue tissue(48);
  const Tensor images = tissue.images(150), others = tissue.images(20) * 1.5;
  const auto groups = patients(150, 30);
  constexpr std::int64_t kComponents = 30;  // a fifth of the images
  const std::vector<int> folds = folds_of_groups(groups, torch::zeros({150, 0}), 5);
  const Tensor fold_of = torch::tensor(folds, torch::kInt);
  Tensor inside = torch::zeros({150}, torch::kDouble), outside = inside.clone();
  for (int fold = 0; fold < 5; ++fold) {
    const auto [in, out] = parts_by_eigenvectors(images.index({fold_of != fold}), images.index({fold_of == fold}), kComponents);
    inside.index_put_({fold_of == fold}, in);
    outside.index_put_({fold_of == fold}, out);
  }
  const Tensor in_weight = kComponents / inside.mean(), out_weight = (48 - kComponents) / outside.mean();
  const Tensor limit = torch::quantile(inside * in_weight + outside * out_weight, 0.99);
  const auto [in, out] = parts_by_eigenvectors(images, others, kComponents);
  const Tensor expected = ((in * in_weight + out * out_weight) / limit).sqrt();
  const std::optional<FeatureFit> fit = fit_features(images, groups);
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->axes.sizes(), (std::vector<std::int64_t>{kComponents, 48}));
  const Tensor found = fit->distances(others.to(torch::kFloat)).to(torch::kDouble);
  EXPECT_LT((found / expected - 1).abs().max().item<double>(), 1e-4);
}

TEST(FeatureFit, WithAllComponentsItIsTheMahalanobisDistance) {
  const Tissue tissue(6);
  const Tensor images = tissue.images(200), others = tissue.images(50) * 2;
  const std::optional<FeatureFit> fit = fit_features(images, patients(200, 200));
  ASSERT_TRUE(fit);
  const Tensor centred = others - images.mean(0), covariance = torch::cov(images.t());
  const Tensor squares = (centred.mm(torch::linalg_inv(covariance)) * centred).sum(1);
  const Tensor ratio = fit->distances(others.to(torch::kFloat)).to(torch::kDouble).square() / squares;
  EXPECT_LT((ratio / ratio[0] - 1).abs().max().item<double>(), 1e-3) << "all but for the unit, the limit";
}

// Also with fewer images than features, where any fit to its own images is too near to them.
TEST(FeatureFit, OneInHundredNewImagesLiesBeyondAndOthersNearlyAll) {
  for (const auto& [images, width] : {std::pair<std::int64_t, std::int64_t>{500, 20}, {500, 400}, {150, 400}}) {
    const Tissue tissue(width);
    const Tensor seen = tissue.images(images);
    const std::optional<FeatureFit> fit = fit_features(seen, patients(images, images / 3));
    ASSERT_TRUE(fit);
    const double own = share_beyond(*fit, tissue.images(4000));
    EXPECT_GT(own, 0.001) << images << " images of " << width << " features";
    EXPECT_LT(own, 0.04) << images << " images of " << width << " features";
    const Tensor shift = 3 * seen.std(0) * torch::where(torch::arange(width) % 2 == 0, 1.0, -1.0);
    EXPECT_GT(share_beyond(*fit, tissue.images(4000) + shift), 0.95) << images << " images of " << width << " features";
  }
}

// A patient's images look alike: what lies near the other images of its own patient would say that all tissue is known.
TEST(FeatureFit, LimitIsThatOfOtherPatients) {
  torch::manual_seed(5);
  const auto of_patients = [](std::int64_t count) {
    return (torch::randn({count, 1, 100}).expand({-1, 10, -1}) + 0.3 * torch::randn({count, 10, 100})).reshape({-1, 100});
  };
  const Tensor images = of_patients(40);
  std::vector<std::string> by_patient, by_image;
  for (int i = 0; i < 400; ++i) {
    by_patient.push_back(std::to_string(i / 10));
    by_image.push_back(std::to_string(i));
  }
  const Tensor others = of_patients(300);
  EXPECT_LT(share_beyond(*fit_features(images, by_patient), others), 0.1);
  EXPECT_GT(share_beyond(*fit_features(images, by_image), others), 0.5);
}

TEST(FeatureFit, ConstantFeaturesTellNothing) {
  const Tissue tissue(8);
  const Tensor images = tissue.images(100), others = tissue.images(30);
  const auto with_constants = [](const Tensor& features) { return torch::cat({features, torch::full({features.size(0), 5}, 0.1)}, 1); };
  const auto groups = patients(100, 20);
  const Tensor plain = fit_features(images, groups)->distances(others.to(torch::kFloat));
  const Tensor wide = fit_features(with_constants(images), groups)->distances(with_constants(others).to(torch::kFloat));
  EXPECT_LT((plain - wide).abs().max().item<double>(), 1e-3);
}

TEST(FeatureFit, FewImagesOrOnePatientTellNothing) {
  const Tissue tissue(8);
  EXPECT_TRUE(fit_features(tissue.images(kFewestToFit), patients(kFewestToFit, 2)));
  EXPECT_FALSE(fit_features(tissue.images(kFewestToFit - 1), patients(kFewestToFit - 1, 2)));
  EXPECT_FALSE(fit_features(tissue.images(100), patients(100, 1)));
  EXPECT_FALSE(fit_features(torch::full({100, 8}, 2.0), patients(100, 10)));
  EXPECT_FALSE(fit_stain({}, {}));
}

TEST(FitStain, IsTheFitOfTheSixNumbers) {
  const Tissue tissue(6);
  const Tensor images = (tissue.images(120) / 10).contiguous(), others = (tissue.images(20) / 8).contiguous();
  const auto vectors = [](const Tensor& values) {
    std::vector<core::StainVector> stains(static_cast<std::size_t>(values.size(0)));
    for (std::size_t i = 0; i < stains.size(); ++i)
      for (std::size_t j = 0; j < 6; ++j) stains[i][j] = values[static_cast<std::int64_t>(i)][static_cast<std::int64_t>(j)].item<double>();
    return stains;
  };
  const auto groups = patients(120, 40);
  const std::optional<core::StainFit> stain = fit_stain(vectors(images), groups);
  ASSERT_TRUE(stain);
  EXPECT_EQ(stain->images, 120);
  const Tensor expected = fit_features(images, groups)->distances(others.to(torch::kFloat));
  const std::vector<core::StainVector> seen = vectors(others);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const double distance = expected[static_cast<std::int64_t>(i)].item<double>();
    EXPECT_NEAR(stain->distance(seen[i]) / distance, 1, 1e-3);
  }
}

}  // namespace
}  // namespace wsi_lpd::model::network
