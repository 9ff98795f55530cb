#include "device_crf.hpp"

#include <gtest/gtest.h>

#include <random>

#include "pipeline/identity_segmenter.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

TEST(DeviceCrf, GivesTheLabelsOfTheCpusOwnCrf) {
  constexpr std::int64_t kWidth = 90, kHeight = 70;
  constexpr int kLabels = 3;
  std::mt19937 random(4);
  std::uniform_real_distribution<float> noise(0, 1);
  core::Image picture(kWidth, kHeight, 3);
  std::vector<float> probabilities(kLabels * kHeight * kWidth);
  for (std::int64_t y = 0; y < kHeight; ++y) {
    for (std::int64_t x = 0; x < kWidth; ++x) {
      const std::int64_t label = (x / 30 + y / 35) % kLabels;
      for (int c = 0; c < 3; ++c) picture.at(x, y)[c] = static_cast<std::uint8_t>(label == c ? 200 : 60 + 20 * noise(random));
      float sum = 0;
      const auto probability = [&](std::int64_t l) -> float& { return probabilities[(l * kHeight + y) * kWidth + x]; };
      for (int l = 0; l < kLabels; ++l) sum += probability(l) = noise(random) + (l == label ? 0.2F : 0.01F);
      for (int l = 0; l < kLabels; ++l) probability(l) /= sum;
    }
  }
  const crf::DenseCrfOptions options;
  const std::vector<std::uint8_t> expected = testing::IdentitySegmenter(8, 0.5).crf_labels(probabilities, kLabels, picture.view(), options);

  DeviceCrf crf(c10::Device(c10::kCPU));
  const auto labels = crf.labels(probabilities, kLabels, picture.view(), options);
  ASSERT_TRUE(labels);
  ASSERT_EQ(labels->size(), expected.size());
  std::size_t equal = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) equal += expected[i] == (*labels)[i];
  EXPECT_GE(static_cast<double>(equal), 0.999 * static_cast<double>(expected.size()));
  EXPECT_EQ(crf.take_note(), "");
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
