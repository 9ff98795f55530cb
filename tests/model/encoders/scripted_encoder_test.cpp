// TorchScript modules as frozen encoders.
#include <gmock/gmock.h>
#include <torch/script.h>

#include "test_data.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/encoders/frozen_encoder.hpp"

namespace wsi_lpd::model::encoders {
namespace {

std::unique_ptr<FrozenEncoder> encoder_of(const std::string& expression) {
  testing::TemporaryFolder folder;
  torch::jit::Module module("encoder");
  module.define("def forward(self, images):\n  return " + expression + "\n");
  module.save((folder / "encoder.ts").string());
  return load_frozen_encoder(folder / "encoder.ts", torch::kCPU);
}

TEST(ScriptedEncoder, AVectorHasNoPlaces) {
  const auto encoder = encoder_of("images.mean([2, 3])");
  const torch::Tensor images = torch::rand({2, 3, 224, 224});
  EXPECT_FALSE(encoder->has_tokens());
  EXPECT_EQ(encoder->width(), 3);
  EXPECT_TRUE((*encoder)(images).allclose(images.mean({2, 3})));
  EXPECT_THROW(encoder->tokens(images), core::Error);
}

TEST(ScriptedEncoder, TheMeanOfAMapIsTheFeatures) {
  const auto encoder = encoder_of("torch.avg_pool2d(torch.cat([images, images * images], 1), 16)");
  const torch::Tensor images = torch::rand({2, 3, 224, 224});
  ASSERT_TRUE(encoder->has_tokens());
  EXPECT_EQ(encoder->width(), 6);
  const TokenMap tokens = encoder->tokens(images);
  EXPECT_EQ(tokens.map.sizes(), (std::vector<std::int64_t>{2, 6, 14, 14}));
  EXPECT_FALSE(tokens.cls.defined());
  EXPECT_TRUE(tokens.map.index({1, 2, 13, 4}).allclose(images.index({1, 2}).slice(0, 208, 224).slice(1, 64, 80).mean()));
  EXPECT_TRUE((*encoder)(images).allclose(tokens.map.mean({2, 3})));
}

TEST(ScriptedEncoder, AnotherShapeIsRefused) {
  EXPECT_THAT(
      [] { encoder_of("images.mean([1, 2, 3])"); },
      ::testing::ThrowsMessage<core::Error>(::testing::HasSubstr("it gives features of another shape than [N, D] or [N, D, h, w]")));
}

TEST(ScriptedEncoder, AFailureSaysWhyAndOfWhichFile) {
  const auto failure = [](const auto& action) -> std::string {
    try {
      action();
    } catch (const core::Error& error) {
      return error.what();
    }
    return "none";
  };
  const std::string at_load = failure([] { encoder_of("images.reshape([5, 7])"); });
  EXPECT_THAT(at_load, ::testing::HasSubstr("/encoder.ts: not a TorchScript encoder from normalised RGB"));
  EXPECT_THAT(at_load, ::testing::HasSubstr("encoder.ts fails on images [2, 3, 224, 224]: RuntimeError: shape '[5, 7]' is invalid"));
  const auto encoder = encoder_of("images.mean([2, 3]).reshape([2, 3])");
  const std::string later = failure([&] { (*encoder)(torch::rand({3, 3, 224, 224})); });
  EXPECT_THAT(later, ::testing::StartsWith("encoder.ts fails on images [3, 3, 224, 224]: RuntimeError: shape '[2, 3]' is invalid"));
  EXPECT_THAT(at_load + later, ::testing::Not(::testing::HasSubstr("\n")));
}

}  // namespace
}  // namespace wsi_lpd::model::encoders
