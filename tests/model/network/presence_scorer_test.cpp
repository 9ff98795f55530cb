// The features that presence is told from.
#include "wsi_lpd/model/network/presence_scorer.hpp"

#include <gtest/gtest.h>
#include <torch/script.h>

#include "test_data.hpp"

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

/// A TorchScript module whose forward is `expression` of `images`.
std::unique_ptr<encoders::FrozenEncoder> encoder_of(const std::string& expression) {
  const testing::TemporaryFolder folder;
  torch::jit::Module module("encoder");
  module.define("def forward(self, images):\n  return " + expression + "\n");
  module.save((folder / "encoder.ts").string());
  return encoders::load_frozen_encoder(folder / "encoder.ts", torch::kCPU);
}

const std::string kPooled = "torch.avg_pool2d(torch.cat([images, images * images], 1), 16)";

TEST(FeatureMaps, OfASmallerImageAreCoarser) {
  const auto encoder = encoder_of(kPooled);
  const Tensor images = torch::rand({2, 3, 224, 224});
  const Tensor whole = feature_maps(*encoder, images, 1), half = feature_maps(*encoder, images, 0.5);
  EXPECT_EQ(whole.sizes(), (std::vector<std::int64_t>{2, 6, 14, 14}));
  EXPECT_EQ(half.sizes(), (std::vector<std::int64_t>{2, 6, 8, 8})) << "of 128 px, a multiple of 32";
  EXPECT_TRUE(half.narrow(1, 0, 3).mean({2, 3}).allclose(images.mean({2, 3}), 0, 1e-3)) << "a smaller image is as bright";
  EXPECT_LT(half.narrow(1, 3, 3).mean().item<double>(), whole.narrow(1, 3, 3).mean().item<double>()) << "and smoother";
}

TEST(FeatureMaps, OfAnEncoderWithoutPlacesAreOneCell) {
  const auto encoder = encoder_of("images.amax([2, 3])");
  const Tensor images = torch::rand({2, 3, 224, 224}), half = feature_maps(*encoder, images, 0.5);
  EXPECT_EQ(half.sizes(), (std::vector<std::int64_t>{2, 3, 1, 1}));
  EXPECT_TRUE((half < feature_maps(*encoder, images, 1)).all().item<bool>());
}

TEST(PresenceScale, IsSmallForModulesThatTakeIt) {
  EXPECT_EQ(encoder_of(kPooled)->presence_scale(), 5.0 / 7);
  EXPECT_EQ(encoder_of(kPooled)->shown_size(5.0 / 7), 160);
  EXPECT_EQ(encoder_of("images.reshape([-1, 3, 224, 224]).mean([2, 3])")->presence_scale(), 1) << "made for one size";
  EXPECT_EQ(encoder_of("images.flatten(1).narrow(1, 0, images.size(2))")->presence_scale(), 1) << "the width depends on the size";
}

}  // namespace
}  // namespace wsi_lpd::model::network
