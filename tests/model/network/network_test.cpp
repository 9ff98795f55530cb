#include "wsi_lpd/model/network/network.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "golden/golden_weights.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/network/class_maps.hpp"
#include "wsi_lpd/model/training/losses.hpp"

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

std::int64_t parameter_count(torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

TEST(GoldenWeights, FormulaGivesItsPublishedValues) {
  EXPECT_EQ(testing::splitmix64(0), 16294208416658607535U);
  EXPECT_EQ(testing::crc32("encoder.patch_embed1.proj.weight"), 1318421071U);
  EXPECT_FLOAT_EQ(testing::golden_weight("encoder.patch_embed1.proj.weight", torch::empty({64, 3, 7, 7}), 0), -0.13224785F);
  EXPECT_FLOAT_EQ(testing::golden_weight("encoder.block3.1.norm2.weight", torch::empty({320}), 17), 1.06631672F);
  EXPECT_FLOAT_EQ(testing::golden_weight("l_fc4.fc2.bias", torch::empty({512}), 511), -0.00761289103F);
}

TEST(MixTransformer, HasThePublishedSizes) {
  EXPECT_EQ(parameter_count(*encoders::MixTransformer(encoders::mix_transformer_shape("mit_b0"), 0)), 3319392);
  EXPECT_EQ(parameter_count(*LpdNetwork(encoders::mix_transformer_shape("mit_b1"), 4, 3)), 13946052);
  EXPECT_THROW(encoders::mix_transformer_shape("mit_b6"), core::UsageError);
}

TEST(MixTransformer, StridesAre4_8_16_16) {
  encoders::MixTransformer encoder(encoders::mix_transformer_shape("mit_b0"), 0.1);
  encoder->eval();
  const auto features = encoder->forward(torch::zeros({1, 3, 64, 96}));
  EXPECT_EQ(features[0].sizes(), (std::vector<std::int64_t>{1, 32, 16, 24}));
  EXPECT_EQ(features[1].sizes(), (std::vector<std::int64_t>{1, 64, 8, 12}));
  EXPECT_EQ(features[2].sizes(), (std::vector<std::int64_t>{1, 160, 4, 6}));
  EXPECT_EQ(features[3].sizes(), (std::vector<std::int64_t>{1, 256, 4, 6}));
}

TEST(MixTransformer, DropPathActsInTrainingOnlyAndOnWholeImages) {
  torch::manual_seed(0);
  encoders::MixTransformer encoder(encoders::mix_transformer_shape("mit_b0"), 0.9);
  const c10::InferenceMode inference;
  const Tensor images = torch::randn({1, 3, 64, 64}).expand({8, 3, 64, 64});
  encoder->eval();
  EXPECT_TRUE(torch::equal(encoder->forward(images)[3], encoder->forward(images)[3]));
  encoder->train();
  EXPECT_GT((encoder->forward(images)[3][0] - encoder->forward(images)[3]).abs().max().item<double>(), 1e-3);
}

TEST(LpdNetwork, SharedByThreadsGivesTheSameEverywhere) {
  torch::manual_seed(1);
  LpdNetwork network(encoders::mix_transformer_shape("mit_b0"), 2, 3);
  network->eval();
  const Tensor images = torch::randn({2, 3, 64, 64});
  const auto run = [&] {
    const c10::InferenceMode inference;
    at::set_num_threads(1);
    return network->forward(images).maps[3].contiguous();
  };
  std::vector<Tensor> results(4);
  std::vector<std::thread> threads;
  for (Tensor& result : results) threads.emplace_back([&] { result = run(); });
  for (std::thread& thread : threads) thread.join();
  for (const Tensor& result : results) EXPECT_TRUE(torch::equal(result, results[0]));
}

TEST(Merge, ByMeanAndBySoftmax) {
  const Tensor scores = torch::tensor({{0.0F, 0.0F, 3.0F, 1.0F}});
  EXPECT_TRUE(torch::allclose(merge_mean(scores, 2), torch::tensor({{0.0F, 2.0F}})));
  const float weight = 1 / (1 + std::exp(-2.0F));
  EXPECT_TRUE(torch::allclose(merge_softmax(scores, 2), torch::tensor({{0.0F, 3 * weight + 1 - weight}})));
  EXPECT_TRUE(torch::equal(merge_softmax(scores, 1), scores));
}

TEST(DiversityLoss, IsOneForEqualPrototypesAndFallsAsTheyPart) {
  torch::manual_seed(2);
  const Tensor feature = torch::randn({2, 8, 4, 4});
  const Tensor mask = torch::ones({2, 4, 4}, torch::kLong);
  const Tensor same = torch::randn({1, 8}).expand({6, 8});
  EXPECT_NEAR(training::diversity_loss(feature, same, mask, 3).item<double>(), 1, 1e-5);
  EXPECT_LT(training::diversity_loss(feature, torch::randn({6, 8}), mask, 3).item<double>(), 0.999);
  EXPECT_EQ(training::diversity_loss(feature, same, mask, 1).item<double>(), 0);
}

TEST(DiversityLoss, ImagesWithoutAnyClassCountNothing) {
  const Tensor feature = torch::randn({2, 8, 4, 4}).requires_grad_();
  const Tensor loss = training::diversity_loss(feature, torch::randn({6, 8}), torch::zeros({2, 4, 4}, torch::kLong), 3);
  loss.backward();
  EXPECT_EQ(loss.item<double>(), 0);
  EXPECT_EQ(feature.grad().abs().max().item<double>(), 0);
}

TEST(ClassMaps, BackgroundWinsWhereNothingIsSure) {
  const Tensor fused = torch::tensor({0.0F, 0.1F, 0.9F, 0.0F, 0.05F, 0.3F}).view({1, 2, 1, 3});
  EXPECT_TRUE(torch::equal(labels_from_maps(fused).flatten(), torch::tensor({2, 2, 0}, torch::kByte)));
}

}  // namespace
}  // namespace wsi_lpd::model::network
