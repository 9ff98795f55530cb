#include "integer_layers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "token_kernels.hpp"
#include "wsi_lpd/model/runtime/device.hpp"

namespace wsi_lpd::model::encoders {
namespace {

using torch::Tensor;

constexpr ValueRange kRange{-1.5F, 4};
constexpr float kScale = 5.5F / 255;
constexpr std::int64_t kZeroPoint = 70;  // 1.5 / kScale, rounded

/// The values that 8 bits leave of an input.
Tensor rounded(const Tensor& values) { return (quantised(values, kScale, kZeroPoint).to(torch::kFloat) - kZeroPoint) * kScale; }

/// The values that 8 bits for each output leave of weights.
Tensor rounded_weights(const Tensor& weight) {
  std::vector<std::int64_t> column(static_cast<std::size_t>(weight.dim()), 1);
  column[0] = -1;
  const Tensor scale = (weight.abs().flatten(1).amax(1) / 127).view(column);
  return (weight / scale).round() * scale;
}

class IntegerLayers : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!runtime::has_fast_int8("cpu")) GTEST_SKIP() << "this processor has no AVX512-VNNI";
    torch::manual_seed(3);
  }
  c10::InferenceMode inference_;
};

TEST_F(IntegerLayers, MultiplyWhatEightBitsLeaveOfBoth) {
  Projection projection(64, 48);
  const Tensor tokens = torch::randn({2, 5, 3, 64}) * 1.5;
  ASSERT_TRUE(projection->quantise(kRange));
  const Tensor expected = torch::linear(rounded(tokens), rounded_weights(projection->weight), projection->bias);
  EXPECT_TRUE(projection(tokens).allclose(expected, 1e-4, 1e-4));
  EXPECT_TRUE(projection(tokens.to(torch::kBFloat16)).to(torch::kFloat).allclose(expected, 0.02, 0.05)) << "rounds what it gets and gives";

  for (const std::int64_t padding : {0, 1}) {
    TokenConvolution convolution(torch::nn::Conv2dOptions(32, 16, 3).stride(2).padding(padding));
    const Tensor image = torch::randn({2, 9, 7, 32}) * 1.5;
    ASSERT_TRUE(convolution->quantise(kRange));
    const Tensor sums =
        torch::conv2d(rounded(image).permute({0, 3, 1, 2}), rounded_weights(convolution->weight), convolution->bias, 2, padding);
    EXPECT_TRUE(convolution(image).allclose(sums.permute({0, 2, 3, 1}), 1e-4, 1e-4)) << "padding " << padding;
  }
}

TEST_F(IntegerLayers, RecordTheRangeOfWhatTheyGet) {
  Projection projection(16, 16);
  projection->observe();
  projection(torch::full({1, 16}, 3.0F));
  projection(torch::full({1, 16}, -2.0F));
  ValueRange range = projection->take_range();
  EXPECT_EQ(range.low, -2);
  EXPECT_EQ(range.high, 3);
  projection(torch::full({1, 16}, 9.0F));
  EXPECT_EQ(projection->take_range().high, 0) << "it was asked no more";

  projection->observe();
  for (const float value : {NAN, 1.0F}) projection(torch::full({1, 16}, value));
  range = projection->take_range();
  EXPECT_FALSE(projection->quantise(range));
  EXPECT_FALSE(projection->quantise({})) << "it got nothing but zeros";
  EXPECT_FALSE(projection->quantise({0, std::numeric_limits<float>::infinity()}));
  projection->weight.index_put_({0, 0}, NAN);
  EXPECT_FALSE(projection->quantise(kRange));
  projection->weight.index_put_({0, 0}, 0.0F);
  EXPECT_TRUE(projection->quantise(kRange));
}

TEST_F(IntegerLayers, KeepWhatATransformerSees) {
  const auto network = [] {
    torch::manual_seed(7);
    MixTransformer made(mix_transformer_shape("mit_b0"), 0);
    made->eval();
    return made;
  };
  MixTransformer exact = network(), integer = network();
  const Tensor images = torch::randn({2, 3, 64, 96});
  const auto expected = exact->forward(images);
  exact->observe();
  EXPECT_TRUE(exact->forward(images)[3].equal(expected[3]));
  const std::vector<ValueRange> ranges = exact->take_ranges();
  ASSERT_TRUE(integer->quantise(ranges));
  const auto expect_near = [&](const std::array<Tensor, 4>& features) {
    for (std::size_t s = 0; s < 4; ++s) {
      const double error = ((features[s].to(torch::kFloat) - expected[s]).norm() / expected[s].norm()).item<double>();
      EXPECT_GT(error, 1e-5) << "stage " << s + 1 << " is not computed in integers";
      EXPECT_LT(error, 0.05) << "stage " << s + 1;
    }
  };
  expect_near(integer->forward(images));
  MixTransformer rounded = network();
  rounded->to(torch::kBFloat16);
  ASSERT_TRUE(rounded->quantise(ranges));
  expect_near(rounded->forward(images.to(torch::kBFloat16)));

  EXPECT_FALSE(network()->quantise(std::vector<ValueRange>(ranges.size())));
  EXPECT_THROW(integer->quantise({}), c10::Error) << "ranges of another network";
}

}  // namespace
}  // namespace wsi_lpd::model::encoders
