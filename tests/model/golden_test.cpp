// Against numbers that the public PyTorch code computes.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "golden_weights.hpp"
#include "test_data.hpp"
#include "wsi_lpd/model/losses.hpp"
#include "wsi_lpd/model/network.hpp"
#include "wsi_lpd/model/safetensors.hpp"
#include "wsi_lpd/model/trainer.hpp"

namespace wsi_lpd::model {
namespace {

using torch::Tensor;

constexpr double kMapTolerance = 5e-5;       // absolute
constexpr double kLossTolerance = 1e-5;      // relative
constexpr double kGradientTolerance = 2e-5;  // of the largest element

std::map<std::string, Tensor> golden(const std::filesystem::path& folder, const std::string& name) {
  return read_safetensors(folder / (name + ".safetensors")).tensors;
}

void expect_close(const Tensor& actual, const Tensor& expected, const std::string& name) {
  ASSERT_EQ(actual.sizes(), expected.sizes()) << name;
  EXPECT_LE((actual - expected).abs().max().item<double>(), kMapTolerance) << name;
}

void expect_gradient(const Tensor& input, const Tensor& expected, const std::string& name) {
  ASSERT_TRUE(input.grad().defined()) << name;
  EXPECT_LE((input.grad() - expected).abs().max().item<double>(), kGradientTolerance * expected.abs().max().item<double>() + 1e-12) << name;
}

TEST(Golden, NormalisedInputIsBitEqual) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto patches = golden(folder, "patches");
  EXPECT_TRUE(torch::equal(InputNormaliser(ModelInfo{}, torch::kCPU)(patches.at("rgb_u8")).flip(1), patches.at("input")));
}

TEST(Golden, EncoderB1) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  MixTransformer encoder(mix_transformer_shape("mit_b1"), 0.1);
  testing::fill_golden(*encoder);
  encoder->eval();
  const c10::InferenceMode inference;
  const auto features = encoder->forward(golden(folder, "patches").at("input"));
  const auto expected = golden(folder, "encoder_b1");
  for (std::size_t s = 0; s < 4; ++s) {
    const std::string name = "stage" + std::to_string(s + 1);
    expect_close(features[s], expected.at(name), name);
  }
}

TEST(Golden, EncodersB0AndB2) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto expected = golden(folder, "encoder_b0_b2");
  const c10::InferenceMode inference;
  for (const std::string name : {"mit_b0", "mit_b2"}) {
    MixTransformer encoder(mix_transformer_shape(name), 0.1);
    testing::fill_golden(*encoder);
    encoder->eval();
    expect_close(encoder->forward(golden(folder, "patches").at("input"))[3], expected.at(name + ".stage4"), name);
  }
}

class GoldenNetwork : public ::testing::TestWithParam<std::pair<int, int>> {};

TEST_P(GoldenNetwork, EveryOutput) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto [classes, k] = GetParam();
  LpdNetwork network(mix_transformer_shape("mit_b1"), classes, k);
  testing::fill_golden(*network);
  network->eval();
  const c10::InferenceMode inference;
  const NetworkOutput output = network->forward(golden(folder, "patches").at("input"));
  const auto expected = golden(folder, "network_c" + std::to_string(classes) + "k" + std::to_string(k));
  for (std::size_t s = 0; s < 4; ++s) {
    const std::string n = std::to_string(s + 1);
    expect_close(output.projected[s], expected.at("projected" + n), "projected" + n);
    expect_close(output.maps[s], expected.at("cam" + n), "cam" + n);
    expect_close(output.scores[s], expected.at("cls" + n), "cls" + n);
    expect_close(merge_mean(output.maps[s], k), expected.at("cam" + n + "_mean"), "cam mean " + n);
    expect_close(merge_softmax(output.maps[s], k), expected.at("cam" + n + "_max"), "cam softmax " + n);
    expect_close(merge_mean(output.scores[s], k), expected.at("cls" + n + "_mean"), "cls mean " + n);
    expect_close(merge_softmax(output.scores[s], k), expected.at("cls" + n + "_max"), "cls softmax " + n);
  }
  expect_close(output.feature, expected.at("feature4"), "feature4");
}

INSTANTIATE_TEST_SUITE_P(ClassesAndPrototypes, GoldenNetwork, ::testing::Values(std::pair(4, 3), std::pair(3, 10)));

TEST(Golden, EveryParameterNameAndShape) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  std::ifstream stream(folder / "names_mit_official.json");
  const auto names = nlohmann::json::parse(stream);
  for (const std::string variant : {"mit_b0", "mit_b1", "mit_b2", "mit_b3", "mit_b4", "mit_b5"}) {
    auto expected = names.at(variant).at("shapes").get<std::map<std::string, std::vector<std::int64_t>>>();
    expected.erase("head.weight");
    expected.erase("head.bias");
    std::map<std::string, std::vector<std::int64_t>> actual;
    for (const auto& item : MixTransformer(mix_transformer_shape(variant), 0)->named_parameters())
      actual[item.key()] = item.value().sizes().vec();
    EXPECT_EQ(actual, expected) << variant;
  }
}

TEST(Golden, ClassificationLoss) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto expected = golden(folder, "losses");
  std::array<Tensor, 4> logits;
  for (std::size_t s = 0; s < 4; ++s) logits[s] = expected.at("bce.logits" + std::to_string(s + 1)).clone().requires_grad_();
  const ClassificationLoss loss = classification_loss(logits, expected.at("bce.labels"), {0, 0.1, 1, 1});
  const auto value = expected.at("bce.loss").item<double>();
  EXPECT_NEAR(loss.total.item<double>(), value, kLossTolerance * value);
  EXPECT_NEAR(loss.levels[0].item<double>(), 1.259170651435852, kLossTolerance);
  loss.total.backward();
  for (std::size_t s = 0; s < 4; ++s) {
    const std::string name = "bce.grad.logits" + std::to_string(s + 1);
    expect_gradient(logits[s], expected.at(name), name);
  }
}

struct DiversityCase {
  std::string inputs;
  std::string variant;
  int k;
  DiversityOptions options;
};

TEST(Golden, DiversityLoss) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto expected = golden(folder, "losses");
  const std::vector<DiversityCase> cases{{"div", "div.reference", 3, {.index_shift = 0, .softmaxes = 2}},
                                         {"div", "div.paper", 3, {.index_shift = 1, .softmaxes = 2}},
                                         {"div", "div.single_softmax", 3, {.index_shift = 1, .softmaxes = 1}},
                                         {"div2", "div2.reference", 2, {.index_shift = 0, .softmaxes = 2}}};
  for (const DiversityCase& c : cases) {
    const Tensor feature = expected.at(c.inputs + ".feature").clone().requires_grad_();
    const Tensor prototypes = expected.at(c.inputs + ".prototypes").clone().requires_grad_();
    const Tensor loss = diversity_loss(feature, prototypes, expected.at(c.inputs + ".mask"), c.k, c.options);
    const auto value = expected.at(c.variant + ".loss").item<double>();
    EXPECT_NEAR(loss.item<double>(), value, kLossTolerance * value) << c.variant;
    loss.backward();
    expect_gradient(feature, expected.at(c.variant + ".grad.feature"), c.variant + " feature");
    expect_gradient(prototypes, expected.at(c.variant + ".grad.prototypes"), c.variant + " prototypes");
  }
}

TEST(Golden, PseudoMaskOfTrainingStep) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  const auto expected = golden(folder, "training");
  LpdNetwork network(mix_transformer_shape("mit_b1"), 3, 3);
  testing::fill_golden(*network);
  network->eval();
  const c10::InferenceMode inference;
  const NetworkOutput output = network->forward(InputNormaliser(ModelInfo{}, torch::kCPU)(expected.at("rgb_u8")).flip(1));
  expect_close(output.scores[3], expected.at("step0.cls4"), "cls4");
  EXPECT_TRUE(torch::equal(pseudo_mask(merge_mean(output.maps[3], 3)), expected.at("step0.pseudo_mask").to(torch::kLong)));
}

TEST(Golden, LearningRates) {
  WSI_LPD_NEEDS_DATA(folder, "golden");
  std::ifstream stream(folder / "lr_schedule.json");
  const auto schedules = nlohmann::json::parse(stream);
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
}  // namespace wsi_lpd::model
