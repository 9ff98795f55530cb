// Three optimiser steps and the learning rates against numbers of the published LPD code.
#include <gtest/gtest.h>

#include "adamw.hpp"
#include "golden/golden.hpp"
#include "golden/golden_weights.hpp"
#include "wsi_lpd/model/encoders/frozen_encoder.hpp"
#include "wsi_lpd/model/network/network.hpp"
#include "wsi_lpd/model/training/losses.hpp"
#include "wsi_lpd/model/training/similarity.hpp"
#include "wsi_lpd/model/training/trainer.hpp"
#include "wsi_lpd/model/training/training_loss.hpp"

namespace wsi_lpd::model::training {
namespace {

using torch::Tensor;

constexpr double kTolerance = 5e-5;  // absolute, of values

void expect_loss(const TrainingLoss& loss, const nlohmann::json& step, std::size_t t) {
  const double tolerance = t == 0 ? 1e-5 : 2e-4;
  const auto expect_term = [&](const std::string& name, const Tensor& actual) {
    const auto value = step.at("terms").at(name).get<double>();
    EXPECT_NEAR(actual.item<double>(), value, tolerance * std::abs(value)) << "step " << t << " " << name;
  };
  expect_term("total", loss.total);
  expect_term("cls", loss.classification.total);
  expect_term("div", loss.diversity);
  expect_term("fg", loss.foreground);
  expect_term("bg", loss.background);
  expect_term("cam_mean", loss.map_mean);
  for (std::size_t s = 0; s < 4; ++s) expect_term("bce" + std::to_string(s + 1), loss.classification.levels[s]);
  Tensor selected = torch::zeros({4, 9}, torch::kLong);
  selected.index_put_({loss.selected.select(1, 0), loss.selected.select(1, 1)}, 1);
  const auto rows = step.at("selected").get<std::vector<std::vector<std::int64_t>>>();
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_TRUE(torch::equal(selected[i], torch::tensor(rows[static_cast<std::size_t>(i)]))) << t;
}

void expect_gradients(const network::LpdNetwork& network, const testing::Golden& expected, const nlohmann::json& step, std::size_t t) {
  for (const auto& item : network->named_parameters()) {
    const auto norm = step.at("grad_norm").at(item.key()).get<double>();
    const std::string name = "step" + std::to_string(t) + ".grad." + item.key();
    EXPECT_NEAR(item.value().grad().norm().item<double>(), norm, (t < 2 ? 1e-4 : 5e-4) * norm + 1e-9) << name;
    if (!expected.contains(name)) continue;
    expected.expect_close(item.value().grad(), name, (t < 2 ? 1e-4 : 1e-3) * expected.at(name).abs().max().item<double>() + 1e-12);
  }
}

void expect_parameters(const network::LpdNetwork& network, const nlohmann::json& step, std::size_t t) {
  for (const auto& item : network->named_parameters()) {
    const bool noisy = item.key().ends_with("kv.bias");  // half of its gradient is 0 but for rounding, which Adam blows up
    const auto& after = step.at("after").at(item.key());
    EXPECT_NEAR(item.value().sum(torch::kDouble).item<double>(), after.at("sum").get<double>(), 3e-3) << t << " " << item.key();
    const auto squares = after.at("sumsq").get<double>();
    EXPECT_NEAR(item.value().to(torch::kDouble).square().sum().item<double>(), squares, (noisy ? 3e-3 : 5e-4) * squares)
        << t << " " << item.key();
  }
}

TEST(Golden, TrainingSteps) {
  const testing::Golden expected("training");
  const auto json = testing::golden_json("training");
  network::LpdNetwork network(encoders::mix_transformer_shape("mit_b1"), 3, 3);
  testing::fill_golden(*network);
  const auto frozen = encoders::load_frozen_encoder(testing::golden_folder() / "tiny_encoder.ts.pt", torch::kCPU);
  const Tensor images = network::InputNormaliser(network::ModelInfo{}, torch::kCPU)(expected.at("rgb_u8")).flip(1).contiguous();
  expected.expect_close((*frozen)(images), "tiny_encoder_output", kTolerance);
  const TrainOptions schedule{.lr = 1e-3, .iterations = 30, .lr_warmup_iterations = 2};
  const LossOptions options{.diversity = Diversity::Reference};
  AdamW optimiser(1e-3);
  for (const auto& item : network->named_parameters()) optimiser.add(item.key(), item.value());
  for (std::size_t t = 0; t < 3; ++t) {
    const auto& step = json.at("steps").at(t);
    const network::NetworkOutput output = network->forward(images);
    const TrainingLoss loss =
        training_loss(output, images, {.labels = expected.at("labels")}, output.prototypes, 3, options, /*all_terms=*/true, frozen.get());
    expect_loss(loss, step, t);
    const Tensor mask = expected.at("step" + std::to_string(t) + ".pseudo_mask").to(torch::kLong);
    EXPECT_TRUE(torch::equal(pseudo_mask(network::merge_mean(output.maps[3], 3)), mask)) << t;

    optimiser.clear_gradients();
    loss.total.backward();
    expect_gradients(network, expected, step, t);
    const double rate = learning_rate(schedule, static_cast<std::int64_t>(t));
    EXPECT_NEAR(rate, step.at("lr").get<double>(), 1e-15);
    optimiser.step(rate);
    expect_parameters(network, step, t);
  }
  const auto parameters = network->named_parameters();
  for (const std::string& name : expected.names()) {
    if (name.starts_with("final.")) expected.expect_close(parameters[name.substr(6)], name, kTolerance);
  }
}

TEST(Golden, LearningRates) {
  const auto schedules = testing::golden_json("lr_schedule");
  for (const auto& [name, schedule] : schedules.items()) {
    const TrainOptions options{.lr = schedule.at("base_lr"),
                               .iterations = schedule.at("max_iter"),
                               .lr_warmup_iterations = schedule.at("warmup_iter"),
                               .warmup_ratio = schedule.at("warmup_ratio"),
                               .power = schedule.at("power")};
    const auto rates = schedule.at("lr_used_by_step").get<std::vector<double>>();
    for (std::size_t t = 0; t < rates.size(); ++t)
      EXPECT_NEAR(learning_rate(options, static_cast<std::int64_t>(t)), rates[t], 1e-12 * rates[t]) << name << " " << t;
  }
}

}  // namespace
}  // namespace wsi_lpd::model::training
