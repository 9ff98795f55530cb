#include "wsi_lpd/model/encoders/vision_transformer.hpp"

#include <gmock/gmock.h>

#include <iostream>

#include "golden/golden_encoders.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/encoders/frozen_encoder.hpp"
#include "wsi_lpd/model/imports/weights_import.hpp"

namespace wsi_lpd::model::encoders {
namespace {

using testing::golden_encoder_images;
using testing::relative_difference;
using ::testing::SizeIs;
using torch::Tensor;

constexpr double kTolerance = 1e-4;

class GoldenVisionTransformer : public ::testing::TestWithParam<const char*> {
 protected:
  /// The network as import_weights writes it.
  weights::TensorFile imported(const std::string& prefix = "") {
    const imports::ImportReport report =
        imports::import_weights(testing::write_golden_encoder(folder_ / "source", network_, prefix), output_, {});
    EXPECT_EQ(report.kind, "frozen-encoder");
    EXPECT_EQ(report.architecture, "vision_transformer");
    EXPECT_THAT(report.missing, SizeIs(0));
    EXPECT_THAT(report.unexpected, SizeIs(0));
    EXPECT_THAT(report.misshaped, SizeIs(0));
    EXPECT_THAT(report.ignored, SizeIs(network_.at("ignored").get<std::size_t>()));
    return weights::read_safetensors(output_);
  }
  Tensor expected(const std::string& what) const { return golden_.at(std::string(GetParam()) + "." + what); }

  testing::TemporaryFolder folder_;
  std::filesystem::path output_ = folder_ / "encoder.safetensors";
  nlohmann::json network_ = testing::golden_encoder(GetParam());
  testing::Golden golden_{"encoders"};
  c10::InferenceMode inference_;
};

TEST_P(GoldenVisionTransformer, TokensAreThoseOfTheOriginal) {
  const weights::TensorFile file = imported();
  VisionTransformerOptions options = encoder_from_metadata(file.metadata)->transformer;
  const auto difference = [&](const Tensor& images, const char* what) {
    return relative_difference(VisionTransformer(file.tensors, options, torch::kCPU).tokens(images), expected(what));
  };
  const Tensor images = golden_encoder_images(2, 16, 16), larger = golden_encoder_images(1, 24, 20),
               smaller = golden_encoder_images(1, 12, 8);
  const double native = difference(images, "tokens"), of_larger = difference(larger, "larger"), of_smaller = difference(smaller, "smaller");
  std::cout << GetParam() << ": differs by " << native << ", larger " << of_larger << ", smaller " << of_smaller
            << " of the largest value\n";
  EXPECT_LE(native, kTolerance);
  EXPECT_LE(of_larger, kTolerance);
  EXPECT_LE(of_smaller, kTolerance);

  // what shapes don't tell matters
  options.antialias = !options.antialias;
  EXPECT_GT(difference(smaller, "smaller"), 10 * kTolerance);
  options.heads /= 2;
  EXPECT_GT(difference(images, "tokens"), 10 * kTolerance);
}

TEST_P(GoldenVisionTransformer, IsAFrozenEncoder) {
  imported("module.teacher.backbone.");
  const InputStatistics shown{{0.7F, 0.5F, 0.6F}, {0.2F, 0.25F, 0.15F}}, own{{0.5F, 0.5F, 0.5F}, {0.5F, 0.25F, 0.5F}};
  const auto channels = [](const std::array<float, 3>& values) { return torch::tensor(at::ArrayRef<float>(values)).view({3, 1, 1}); };
  const Tensor images = golden_encoder_images(2, 16, 16);
  const Tensor rgb = images * channels(own.std) + channels(own.mean), normalised = (rgb - channels(shown.mean)) / channels(shown.std);
  const auto encoder = load_frozen_encoder(output_, torch::kCPU, shown);
  EXPECT_EQ(encoder->width(), 32);
  EXPECT_EQ(encoder->input_size(), 16);
  const Tensor tokens = expected("tokens"), features = (*encoder)(normalised);
  EXPECT_LE(relative_difference(features, tokens.select(1, 0)), kTolerance);
  const TokenMap map = encoder->tokens(normalised);
  EXPECT_LE(relative_difference(map.cls, tokens.select(1, 0)), kTolerance);
  const Tensor patches = tokens.slice(1, tokens.size(1) - 16).transpose(1, 2).reshape({2, 32, 4, 4});
  EXPECT_LE(relative_difference(map.map, patches), kTolerance);

  const auto plain = load_frozen_encoder(output_, torch::kCPU);
  EXPECT_LE(relative_difference((*plain)(images), features), kTolerance);
}

INSTANTIATE_TEST_SUITE_P(Layouts, GoldenVisionTransformer,
                         ::testing::Values("timm_plain", "timm_scaled_registers", "timm_gated_register_positions", "timm_gated_scaled",
                                           "hf_vit", "hf_dinov2", "hf_dinov2_gated", "hf_dinov2_registers"),
                         [](const auto& layout) { return std::string(layout.param); });

std::map<std::string, Tensor> small_weights() {
  std::map<std::string, Tensor> weights;
  const VisionTransformerShape shape{
      .width = 8, .depth = 1, .patch = 2, .registers = 1, .rows = 2, .columns = 3, .hidden = 4, .gated = true, .layer_scale = true};
  for (const auto& [name, sizes] : VisionTransformer::shapes(shape)) weights[name] = torch::randn(sizes);
  return weights;
}

TEST(VisionTransformer, PoolsTokens) {
  const auto weights = small_weights();
  const Tensor images = torch::randn({2, 3, 4, 6});
  VisionTransformerOptions options{.heads = 2};
  const Tensor tokens = VisionTransformer(weights, options, torch::kCPU).tokens(images);
  EXPECT_EQ(tokens.sizes(), (std::vector<std::int64_t>{2, 1 + 1 + 6, 8}));
  const Tensor mean = tokens.slice(1, 2).mean(1);
  options.pooling = TokenPooling::Mean;
  EXPECT_TRUE(torch::allclose(VisionTransformer(weights, options, torch::kCPU).forward(images), mean));
  options.pooling = TokenPooling::ClassAndMean;
  const VisionTransformer both(weights, options, torch::kCPU);
  EXPECT_TRUE(torch::allclose(both.forward(images), torch::cat({tokens.select(1, 0), mean}, 1)));
  EXPECT_EQ(both.feature_width(), 16);
}

TEST(VisionTransformer, GradientsReachTheImages) {
  const Tensor images = torch::randn({1, 3, 4, 6}, torch::requires_grad());
  VisionTransformer(small_weights(), {.heads = 2}, torch::kCPU).forward(images).sum().backward();
  EXPECT_GT(images.grad().abs().sum().item<double>(), 0);
}

TEST(VisionTransformer, RefusesWhatIsNone) {
  const auto weights = small_weights();
  EXPECT_THROW(VisionTransformer(weights, {.heads = 3}, torch::kCPU), core::Error);
  auto changed = weights;
  changed.erase("norm.bias");
  EXPECT_THROW(VisionTransformer(changed, {.heads = 2}, torch::kCPU), core::Error);
  changed = weights;
  changed["norm.bias"] = torch::zeros({9});
  EXPECT_THROW(VisionTransformer(changed, {.heads = 2}, torch::kCPU), core::Error);
  changed = weights;
  changed["fc_norm.bias"] = torch::zeros({8});
  EXPECT_THROW(VisionTransformer(changed, {.heads = 2}, torch::kCPU), core::Error);
  EXPECT_THROW(VisionTransformer({}, {.heads = 2}, torch::kCPU), core::Error);
  EXPECT_THROW(VisionTransformer(weights, {.heads = 2}, torch::kCPU).tokens(torch::zeros({1, 3, 4, 5})), core::Error);
}

}  // namespace
}  // namespace wsi_lpd::model::encoders
