// The network and its encoders against numbers of the published LPD code.
#include <gtest/gtest.h>

#include "golden/golden.hpp"
#include "golden/golden_weights.hpp"
#include "wsi_lpd/model/encoders/swin_transformer.hpp"
#include "wsi_lpd/model/network/network.hpp"

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

constexpr double kMapTolerance = 5e-5;  // absolute

TEST(Golden, NormalisedInputIsBitEqual) { testing::Golden("patches").expect_same_bytes(testing::golden_input(), "input"); }

TEST(Golden, EncoderB1) {
  encoders::MixTransformer encoder(encoders::mix_transformer_shape("mit_b1"), 0.1);
  testing::fill_golden(*encoder);
  encoder->eval();
  const c10::InferenceMode inference;
  const auto features = encoder->forward(testing::golden_input());
  const testing::Golden expected("encoder_b1");
  for (std::size_t s = 0; s < 4; ++s) {
    const std::string name = "stage" + std::to_string(s + 1);
    expected.expect_close(features[s], name, kMapTolerance);
  }
}

TEST(Golden, EncodersB0AndB2) {
  const testing::Golden expected("encoder_b0_b2");
  const c10::InferenceMode inference;
  for (const std::string name : {"mit_b0", "mit_b2"}) {
    encoders::MixTransformer encoder(encoders::mix_transformer_shape(name), 0.1);
    testing::fill_golden(*encoder);
    encoder->eval();
    expected.expect_close(encoder->forward(testing::golden_input())[3], name + ".stage4", kMapTolerance);
  }
}

class GoldenNetwork : public ::testing::TestWithParam<std::pair<int, int>> {};

TEST_P(GoldenNetwork, EveryOutput) {
  const auto [classes, k] = GetParam();
  LpdNetwork network(encoders::mix_transformer_shape("mit_b1"), classes, k);
  testing::fill_golden(*network);
  network->eval();
  const c10::InferenceMode inference;
  const NetworkOutput output = network->forward(testing::golden_input());
  const testing::Golden expected("network_c" + std::to_string(classes) + "k" + std::to_string(k));
  for (std::size_t s = 0; s < 4; ++s) {
    const std::string n = std::to_string(s + 1);
    expected.expect_close(output.projected[s], "projected" + n, kMapTolerance);
    expected.expect_close(output.maps[s], "cam" + n, kMapTolerance);
    expected.expect_close(output.scores[s], "cls" + n, kMapTolerance);
    expected.expect_close(merge_mean(output.maps[s], k), "cam" + n + "_mean", kMapTolerance);
    expected.expect_close(merge_softmax(output.maps[s], k), "cam" + n + "_max", kMapTolerance);
    expected.expect_close(merge_mean(output.scores[s], k), "cls" + n + "_mean", kMapTolerance);
    expected.expect_close(merge_softmax(output.scores[s], k), "cls" + n + "_max", kMapTolerance);
  }
  expected.expect_close(output.feature, "feature4", kMapTolerance);
}

INSTANTIATE_TEST_SUITE_P(ClassesAndPrototypes, GoldenNetwork, ::testing::Values(std::pair(4, 3), std::pair(3, 10)));

TEST(Golden, EveryParameterNameAndShape) {
  const auto names = testing::golden_json("names_mit_official");
  for (const std::string variant : {"mit_b0", "mit_b1", "mit_b2", "mit_b3", "mit_b4", "mit_b5"}) {
    auto expected = names.at(variant).at("shapes").get<std::map<std::string, std::vector<std::int64_t>>>();
    expected.erase("head.weight");
    expected.erase("head.bias");
    std::map<std::string, std::vector<std::int64_t>> actual;
    for (const auto& item : encoders::MixTransformer(encoders::mix_transformer_shape(variant), 0)->named_parameters())
      actual[item.key()] = item.value().sizes().vec();
    EXPECT_EQ(actual, expected) << variant;
  }
}

TEST(Golden, SwinTransformer) {
  std::map<std::string, Tensor> weights;
  for (const auto& [name, shape] : encoders::SwinTransformer::shapes()) {
    Tensor& tensor = weights[name] = torch::empty(shape);
    auto* data = tensor.data_ptr<float>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i) data[i] = testing::golden_weight(name, tensor, static_cast<std::uint64_t>(i));
  }
  const encoders::SwinTransformer swin(weights, torch::kCPU);
  const c10::InferenceMode inference;
  const Tensor input = testing::golden_input();
  const testing::Golden expected("swin_t");
  expected.expect_close(swin.tokens(input), "last_hidden", kMapTolerance);
  expected.expect_close(swin.forward(input), "embedding", kMapTolerance);
}

}  // namespace
}  // namespace wsi_lpd::model::network
