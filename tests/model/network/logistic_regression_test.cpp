#include "wsi_lpd/model/network/logistic_regression.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "golden/golden.hpp"

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

Tensor table(const nlohmann::json& json) {
  std::vector<Tensor> rows;
  for (const auto& row : json) rows.push_back(torch::tensor(row.get<std::vector<double>>(), torch::kDouble));
  return torch::stack(rows);
}

TEST(LogisticRegression, AgreesWithScikitLearn) {
  const nlohmann::json golden = testing::golden_json("logistic");
  const Tensor features = table(golden.at("features"));
  const Tensor labels = torch::tensor(golden.at("labels").get<std::vector<double>>(), torch::kDouble);
  for (const auto& expected : golden.at("fits")) {
    const LogisticModel model = fit_logistic(features, labels, expected.at("C").get<double>());
    const Tensor weight = torch::tensor(expected.at("weight").get<std::vector<double>>(), torch::kDouble);
    EXPECT_LT((model.weight - weight).abs().max().item<double>(), 1e-6);
    EXPECT_NEAR(model.intercept, expected.at("intercept").get<double>(), 1e-6);
  }
}

TEST(LogisticRegression, GradientIsZeroAtTheOptimumWhateverTheStart) {
  torch::manual_seed(0);
  const Tensor features = torch::randn({60, 20}, torch::kDouble), labels = (torch::arange(60) % 3 == 0).to(torch::kDouble);
  for (const double strength : {1e-4, 1.0, 100.0}) {
    const LogisticModel model = fit_logistic(features, labels, strength);
    EXPECT_LT(logistic_gradient(features, labels, strength, model).abs().max().item<double>(), 1e-7 * std::max(1.0, strength));
    const LogisticModel start{10 * torch::randn({20}, torch::kDouble), -7};
    EXPECT_LT((fit_logistic(features, labels, strength, &start).weight - model.weight).abs().max().item<double>(), 1e-5);
  }
}

// Without features the intercept alone is left: balanced classes are as likely as each other.
TEST(LogisticRegression, BalancedClassesWithoutEvidenceAreEvenlyLikely) {
  const Tensor labels = (torch::arange(50) < 5).to(torch::kDouble);
  const LogisticModel model = fit_logistic(torch::zeros({50, 2}, torch::kDouble), labels, 1);
  EXPECT_NEAR(model.intercept, 0, 1e-9);
  EXPECT_EQ(model.weight.abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace wsi_lpd::model::network
