// The kernels' bodies, on the CPU and, where there is one, on a GPU, beside LibTorch's operations.
#include "wsi_lpd/model/cuda/kernels.hpp"

#include <gtest/gtest.h>

#include <random>

#include "wsi_lpd/model/network/class_maps.hpp"

namespace wsi_lpd::model::cuda {
namespace {

using torch::Tensor;

double difference(const Tensor& a, const Tensor& b) { return (a - b.to(a.device())).abs().max().item<double>(); }

class Kernels : public ::testing::TestWithParam<torch::DeviceType> {
 protected:
  void SetUp() override {
    if (GetParam() == torch::kCUDA && !torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
    torch::manual_seed(3);
  }
  Tensor here(const Tensor& tensor) const { return tensor.to(GetParam()); }
  std::int64_t side(std::int64_t most) { return 1 + static_cast<std::int64_t>(random_()) % most; }

  std::mt19937 random_{5};
  const torch::InferenceMode inference_;
};

TEST_P(Kernels, NormaliseEachByteAsThePublishedCode) {
  network::ModelInfo info;
  info.mean = {0.68F, 0.5F, 0.65F};
  info.std = {0.17F, 0.2F, 0.15F};
  const network::InputNormaliser normalise(info, torch::kCPU);
  const Tensor shift = torch::tensor({info.mean[0] * 255.0F, info.mean[1] * 255.0F, info.mean[2] * 255.0F}),
               factor = torch::tensor({1 / (info.std[0] * 255.0F), 1 / (info.std[1] * 255.0F), 1 / (info.std[2] * 255.0F)});
  Tensor all = torch::arange(256, torch::kByte).view({1, 256, 1, 1}).expand({1, 256, 1, 3});
  for (const Tensor& rgb : {all, torch::randint(256, {3, 17, 29, 3}, torch::kByte), torch::empty({0, 8, 8, 3}, torch::kByte)}) {
    const Tensor images = normalise_pixels(here(rgb), here(shift), here(factor));
    EXPECT_EQ(images.sizes(), (std::vector<std::int64_t>{rgb.size(0), 3, rgb.size(1), rgb.size(2)}));
    EXPECT_TRUE(images.is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_TRUE(torch::equal(images.cpu(), normalise(rgb)));
  }
}

TEST_P(Kernels, MergePrototypesAsASoftmaxDoes) {
  for (int trial = 0; trial < 20; ++trial) {
    const auto per_class = static_cast<int>(side(12));
    const Tensor maps = torch::randn({side(4), side(9), side(9), side(5) * per_class}) * 14;  // 1/0.07 times a cosine
    const Tensor merged = merge_prototypes(here(maps), per_class);
    const Tensor expected = network::merge_softmax(maps.permute({0, 3, 1, 2}), per_class);
    ASSERT_EQ(merged.sizes(), expected.sizes());
    EXPECT_LT(difference(merged, expected), 2e-5) << "of values up to 60";
  }
  const Tensor large = torch::tensor({80.0F, -80.0F, 1e4F, -1e4F}).view({1, 1, 1, 4});
  EXPECT_TRUE(torch::equal(merge_prototypes(here(large), 2).cpu().flatten(), torch::tensor({80.0F, 1e4F}))) << "no overflow";
}

TEST_P(Kernels, FuseMapsAsOpenMapsAreMade) {
  for (int trial = 0; trial < 20; ++trial) {
    const std::int64_t images = side(3), classes = side(5), height = side(30), width = side(30);
    std::array<Tensor, 3> maps{torch::randn({images, classes, height, width}) * 10,
                               torch::randn({images, classes, side(height), side(width)}) * 10,
                               torch::randn({images, classes, side(height), side(width)}) * 10};
    const Tensor expected = network::open_maps(maps);
    for (Tensor& map : maps) map = here(map);
    const Tensor fused = fuse_maps(maps, {0.3, 0.3, 0.4}, network::kMapTemperature);
    ASSERT_EQ(fused.sizes(), expected.sizes());
    EXPECT_LT(difference(fused, expected), 3e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(, Kernels, ::testing::Values(torch::kCPU, torch::kCUDA),
                         [](const auto& param) { return param.param == torch::kCPU ? "Cpu" : "Gpu"; });

}  // namespace
}  // namespace wsi_lpd::model::cuda
