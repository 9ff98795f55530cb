// The kernels of the CRF, on the CPU and, where there is one, on a GPU, beside crf::dense_crf_from_unary().
#include "wsi_lpd/model/cuda/dense_crf.hpp"

#include <gtest/gtest.h>

#include <random>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::cuda {
namespace {

using crf::DenseCrfOptions;
using torch::Tensor;

class CrfKernels : public ::testing::TestWithParam<torch::DeviceType> {
 protected:
  void SetUp() override {
    if (GetParam() == torch::kCUDA && !torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
    torch::manual_seed(3);
  }
  Tensor run(const Tensor& unary, const Tensor& rgb, const DenseCrfOptions& options) const {
    return dense_crf_from_unary(unary.to(GetParam()), rgb.to(GetParam()), options).cpu();
  }
  static Tensor expected(const Tensor& unary, const Tensor& rgb, const DenseCrfOptions& options) {
    const std::vector<float> energies(unary.const_data_ptr<float>(), unary.const_data_ptr<float>() + unary.numel());
    return torch::tensor(crf::dense_crf_from_unary(energies, static_cast<int>(unary.size(0)),
                                                   {rgb.const_data_ptr<std::uint8_t>(), rgb.size(1), rgb.size(0), 3, 3 * rgb.size(1)},
                                                   options))
        .view(unary.sizes());
  }
  /// Blotches in noise, as tissue has.
  Tensor picture(std::int64_t height, std::int64_t width) {
    const Tensor coarse = torch::rand({1, 3, 1 + height / 9, 1 + width / 9}) * 200;
    const Tensor smooth = torch::upsample_bilinear2d(coarse, {height, width}, false)[0].permute({1, 2, 0});
    return (smooth + torch::rand(smooth.sizes()) * 50).to(torch::kByte).contiguous();
  }
  std::int64_t side() { return 1 + static_cast<std::int64_t>(random_() % 150); }

  std::mt19937 random_{5};
  const torch::InferenceMode inference_;
};

/// A pixel on the face of a simplex may fall to its other side: few values differ by more than rounding.
void expect_same(const Tensor& q, const Tensor& expected, double few) {
  ASSERT_EQ(q.sizes(), expected.sizes());
  EXPECT_LT((q.sum(0) - 1).abs().max().item<double>(), 1e-5);
  const Tensor difference = (q - expected).abs();
  EXPECT_LT(difference.mean().item<double>(), 1e-4);
  EXPECT_LE((difference > 1e-3).to(torch::kDouble).mean().item<double>(), few);
  EXPECT_GE((q.argmax(0) == expected.argmax(0)).to(torch::kDouble).mean().item<double>(), 0.999);
}

TEST_P(CrfKernels, GiveTheQOfTheCpu) {
  for (int trial = 0; trial < 12; ++trial) {
    const std::int64_t height = side(), width = side(), labels = 1 + trial % 6;
    const Tensor unary = torch::rand({labels, height, width}) * 3, rgb = picture(height, width);
    DenseCrfOptions options{.gaussian_sigma = 3,
                            .gaussian_weight = trial % 4 == 1 ? 0.0F : 3.0F,
                            .bilateral_sigma_xy = 30,
                            .bilateral_sigma_rgb = 13,
                            .bilateral_weight = trial % 4 == 2 ? 0.0F : 4.0F,
                            .iterations = trial % 7,
                            .origin_x = trial * 1001,
                            .origin_y = trial * 77'777};
    expect_same(run(unary, rgb, options), expected(unary, rgb, options), 0.002);
  }
}

TEST_P(CrfKernels, GiveTheLabelsOfTheDefaults) {
  const Tensor unary = torch::rand({4, 130, 170}), rgb = picture(130, 170);
  const Tensor q = run(unary, rgb, {}), other = expected(unary, rgb, {});
  EXPECT_GE((q.argmax(0) == other.argmax(0)).to(torch::kDouble).mean().item<double>(), 0.999);
  EXPECT_LT((q.argmax(0) == unary.argmin(0)).to(torch::kDouble).mean().item<double>(), 0.9) << "the CRF does something here";
}

TEST_P(CrfKernels, GiveTheSameTwice) {
  const Tensor unary = torch::rand({3, 90, 70}), rgb = picture(90, 70);
  EXPECT_TRUE(torch::equal(run(unary, rgb, {}), run(unary, rgb, {})));
}

TEST_P(CrfKernels, RefuseWhatTheCpuRefuses) {
  const Tensor unary = torch::rand({2, 4, 5}), rgb = torch::zeros({4, 5, 3}, torch::kByte);
  EXPECT_THROW(run(unary, rgb, {.gaussian_sigma = 0}), core::UsageError);
  EXPECT_THROW(run(unary, rgb, {.bilateral_sigma_rgb = 1e-6F}), core::UsageError);
  EXPECT_THROW(run(unary, rgb.slice(0, 1), {}), core::Error);
}

INSTANTIATE_TEST_SUITE_P(, CrfKernels, ::testing::Values(torch::kCPU, torch::kCUDA),
                         [](const auto& param) { return param.param == torch::kCPU ? "Cpu" : "Gpu"; });

}  // namespace
}  // namespace wsi_lpd::model::cuda
