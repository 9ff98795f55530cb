#include "token_kernels.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace wsi_lpd::model::encoders {
namespace {

using torch::Tensor;

/// Sums of some hundred products of a few units each: float32 adds them within 3e-5 in any order; bfloat16 rounds to 2^-8 of the result.
void expect_close(const Tensor& ours, const Tensor& expected, const char* what) {
  ASSERT_EQ(ours.sizes(), expected.sizes()) << what;
  const bool rounded = ours.scalar_type() == torch::kBFloat16;
  const Tensor difference = (ours.to(torch::kDouble) - expected.to(torch::kDouble)).abs();
  const Tensor allowed = expected.to(torch::kDouble).abs().clamp_min(1) * (rounded ? 1.0 / 128 : 3e-5);
  EXPECT_TRUE((difference <= allowed).all().item<bool>()) << what << ": " << difference.max().item<double>();
}

class TokenKernels : public ::testing::TestWithParam<torch::Dtype> {
 protected:
  /// Rounded to the type at hand, so that the expected values start from the same numbers.
  Tensor random(std::vector<std::int64_t> sizes, double scale = 1) const { return (scale * torch::randn(sizes)).to(GetParam()); }
  c10::InferenceMode inference_;
};

TEST_P(TokenKernels, AreLibTorchsOperators) {
  torch::manual_seed(4);
  for (const std::int64_t width : {16, 32, 160, 512}) {
    for (const auto& [height, columns] : {std::pair<std::int64_t, std::int64_t>{1, 1}, {1, 7}, {5, 1}, {6, 9}}) {
      const Tensor x = random({3, height, columns, width}, 3), branch = random({3, height, columns, width}), weight = random({width}),
                   bias = random({width});
      ASSERT_TRUE(fits_token_kernels(x));
      const auto [sum, normed] = add_layer_norm(x, branch, weight, bias, 1e-6);
      expect_close(sum, x + branch, "sum");
      expect_close(normed, torch::layer_norm(sum.to(torch::kFloat), {width}, weight.to(torch::kFloat), bias.to(torch::kFloat), 1e-6),
                   "norm");

      const Tensor kernel = random({width, 1, 3, 3});
      const Tensor convolved =
          torch::conv2d(x.to(torch::kFloat).permute({0, 3, 1, 2}), kernel.to(torch::kFloat), bias.to(torch::kFloat), 1, 1, 1, width);
      expect_close(gelu_of_depthwise(x, kernel, bias), torch::gelu(convolved).permute({0, 2, 3, 1}), "depthwise");

      const Tensor matrix = random({48, width}, 1 / std::sqrt(static_cast<double>(width))), offset = random({48});
      expect_close(linear(x, matrix, offset), torch::linear(x.to(torch::kFloat), matrix.to(torch::kFloat), offset.to(torch::kFloat)),
                   "linear");
    }
  }
  for (const std::int64_t keys : {1, 15, 16, 17, 49, 196}) {
    Tensor logits = random({2, 3, 5, keys}, 8);
    const Tensor expected = logits.to(torch::kFloat).softmax(3);
    softmax_(logits);
    expect_close(logits, expected, "softmax");
  }
}

TEST_P(TokenKernels, RoundToBytes) {
  const Tensor values = torch::arange(-32, 32).to(torch::kFloat).div(8).to(GetParam()).view({4, 16});  // exact in both types
  const Tensor expected = ((values.to(torch::kFloat) / 0.25).add(10.5).floor()).clamp(0, 255).to(torch::kByte);
  EXPECT_TRUE(quantised(values, 0.25F, 10).equal(expected));
  const Tensor far = torch::tensor({-1e30F, -1.0F, 0.0F, 255.0F, 1e30F}).repeat(16).to(GetParam());
  EXPECT_TRUE(quantised(far, 1, 0).equal(torch::tensor({0, 0, 0, 255, 255}, torch::kByte).repeat(16)));
}

TEST_P(TokenKernels, TakeExtremeValues) {
  const Tensor far = torch::tensor({-300.0F, -5.1F, -5.0F, -1e-3F, 0.0F, 1e-3F, 5.0F, 5.1F, 300.0F}).to(GetParam());
  const Tensor tokens = far.view({1, 1, 9, 1}).expand({1, 1, 9, 16}).contiguous();
  Tensor centre = torch::zeros({16, 1, 3, 3});
  centre.select(2, 1).select(2, 1).fill_(1);
  const Tensor ours = gelu_of_depthwise(tokens, centre.to(GetParam()), torch::zeros({16}).to(GetParam()));
  EXPECT_LT((ours.to(torch::kFloat) - torch::gelu(tokens.to(torch::kFloat))).abs().max().item<float>(),
            GetParam() == torch::kFloat ? 1e-4F : 2.0F);
  Tensor logits = torch::tensor({{-1e4F, 0.0F, 1e4F}, {-1e30F, -1e30F, -1e30F}}).to(GetParam());
  softmax_(logits);
  EXPECT_TRUE(torch::allclose(logits.to(torch::kFloat), torch::tensor({{0.0F, 0.0F, 1.0F}, {1 / 3.0F, 1 / 3.0F, 1 / 3.0F}}), 0, 2e-3));
}

TEST_P(TokenKernels, GiveTheSameForAnyThreads) {
  torch::manual_seed(5);
  const Tensor x = random({4, 24, 24, 64}), kernel = random({64, 1, 3, 3}), bias = random({64});
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Tensor alone = gelu_of_depthwise(x, kernel, bias), normed = add_layer_norm(x, x, bias, bias, 1e-6).second;
  at::set_num_threads(4);
  EXPECT_TRUE(torch::equal(gelu_of_depthwise(x, kernel, bias), alone));
  EXPECT_TRUE(torch::equal(add_layer_norm(x, x, bias, bias, 1e-6).second, normed));
  at::set_num_threads(before);
}

INSTANTIATE_TEST_SUITE_P(Types, TokenKernels, ::testing::Values(torch::kFloat, torch::kBFloat16));

TEST(TokenKernelsAndGradients, WhatLearnsDoesNotTakeThem) {
  EXPECT_FALSE(fits_token_kernels(torch::zeros({1, 1, 1, 32})));
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(fits_token_kernels(torch::zeros({1, 1, 1, 32})));
  EXPECT_FALSE(fits_token_kernels(torch::zeros({1, 1, 1, 8})));
  EXPECT_FALSE(fits_token_kernels(torch::zeros({1, 1, 1, 32}, torch::kDouble)));
}

}  // namespace
}  // namespace wsi_lpd::model::encoders
