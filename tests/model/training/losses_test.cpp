#include "wsi_lpd/model/training/losses.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "wsi_lpd/model/network/patch_model.hpp"

namespace wsi_lpd::model::training {
namespace {

TEST(PixelLoss, IsTheMeanCrossEntropyOfTheMiddlesOfKnownCells) {
  torch::manual_seed(1);
  constexpr std::int64_t kStride = 8;
  const torch::Tensor fused = torch::randn({2, 3, 4, 5}), pixels = torch::randint(0, 3, {2, 4 * kStride, 5 * kStride}, torch::kByte);
  pixels.slice(1, 0, 2 * kStride).fill_(network::kUnknownPixel);
  double sum = 0;
  std::int64_t known = 0;
  for (std::int64_t b = 0; b < 2; ++b) {
    for (std::int64_t y = 2; y < 4; ++y) {
      for (std::int64_t x = 0; x < 5; ++x) {
        const auto truth = pixels[b][y * kStride + 4][x * kStride + 4].item<std::int64_t>();
        double total = 0;
        for (std::int64_t c = 0; c < 3; ++c) total += std::exp(fused[b][c][y][x].item<double>());
        sum -= fused[b][truth][y][x].item<double>() - std::log(total);
        ++known;
      }
    }
  }
  EXPECT_NEAR(pixel_loss(fused, pixels).item<double>(), sum / static_cast<double>(known), 1e-5);
}

TEST(PixelLoss, LeavesOutTheBackground) {
  const torch::Tensor fused = torch::tensor({{{{0.5F, -1.0F}}, {{2.0F, 3.0F}}}});  // two classes, two cells
  const auto pixels = [](int first, int second) { return torch::tensor({first, second}).to(torch::kByte).view({1, 1, 2}); };
  EXPECT_NEAR(pixel_loss(fused, pixels(2, 1)).item<double>(), std::log(std::exp(-1) + std::exp(3)) - 3, 1e-5);
  EXPECT_EQ(pixel_loss(fused, pixels(2, network::kUnknownPixel)).item<double>(), 0);
}

TEST(PixelLoss, IsZeroWithoutKnownPixels) {
  const torch::Tensor fused = torch::randn({1, 2, 2, 2}).requires_grad_();
  const torch::Tensor loss = pixel_loss(fused, torch::full({1, 16, 16}, network::kUnknownPixel, torch::kByte));
  EXPECT_EQ(loss.item<double>(), 0);
  loss.backward();
  EXPECT_EQ(fused.grad().abs().max().item<double>(), 0);
}

TEST(TeacherLoss, IsTheMeanCrossEntropyOfWhatTheTeacherSays) {
  constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
  const torch::Tensor scores = torch::tensor({{0.5, -1.0}, {2.0, 3.0}}), presence = torch::tensor({{0.25, kNothing}, {kNothing, 1.0}});
  const auto entropy = [](double score, double p) {
    const double q = 1 / (1 + std::exp(-score));
    return -p * std::log(q) - (1 - p) * std::log(1 - q);
  };
  EXPECT_NEAR(teacher_loss(scores, presence).item<double>(), (entropy(0.5, 0.25) + entropy(3, 1)) / 2, 1e-6);
  EXPECT_EQ(teacher_loss(scores, torch::full({2, 2}, NAN)).item<double>(), 0);
}

TEST(AgreementLoss, IsTheMeanSquareOfTheDifferenceOfProbabilities) {
  const torch::Tensor first = torch::tensor({0.0, 2.0}), second = torch::tensor({1.0, 2.0});
  const double difference = 1 / (1 + std::exp(-1.0)) - 0.5;
  EXPECT_NEAR(agreement_loss(first, second).item<double>(), difference * difference / 2, 1e-6);
}

}  // namespace
}  // namespace wsi_lpd::model::training
