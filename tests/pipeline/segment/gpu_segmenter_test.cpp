// The segmenter on a GPU beside the same on the CPU. Skipped where there is no GPU.
#include <torch/torch.h>

#include <cmath>
#include <thread>

#include "pipeline/segment/tiny_segmenter.hpp"
#include "wsi_lpd/core/calibration.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

class GpuSegmenter : public TinySegmenter {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
    train(true);
  }
  std::unique_ptr<Segmenter> load(const std::string& device, Arithmetic arithmetic = Arithmetic::Float32) const {
    return load_lpd_segmenter(path_, {.device = device, .arithmetic = arithmetic});
  }
};

double largest_difference(const std::vector<float>& values, const std::vector<float>& expected) {
  double largest = values.size() == expected.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < std::min(values.size(), expected.size()); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(values[i]) - static_cast<double>(expected[i])));
  return largest;
}

/// The share of cells whose largest map is the same one.
double same_classes(const TileResults& seen, const TileResults& expected) {
  const std::size_t cells = std::size_t{kGrid} * kGrid, tiles = seen.maps.size() / (cells * kClasses);
  std::size_t same = 0;
  for (std::size_t tile = 0; tile < tiles; ++tile) {
    for (std::size_t cell = 0; cell < cells; ++cell) {
      const auto first_wins = [&](const std::vector<float>& maps) {
        return maps[tile * kClasses * cells + cell] > maps[(tile * kClasses + 1) * cells + cell];
      };
      same += first_wins(seen.maps) == first_wins(expected.maps);
    }
  }
  return static_cast<double>(same) / static_cast<double>(tiles * cells);
}

TEST_F(GpuSegmenter, GivesWhatTheCpuGives) {
  const std::vector<std::uint8_t> all(16, 1);
  const TileResults expected = run(*load("cpu"), noise(16, 7), all), seen = run(*load("cuda"), noise(16, 7), all);
  // LibTorch's convolutions round to TF32 there, and the maps of a network that has hardly learnt differ by little between classes.
  EXPECT_LT(largest_difference(seen.maps, expected.maps), 1e-2);
  EXPECT_LT(largest_difference(seen.scores, expected.scores), 5e-2) << "logit units";
  EXPECT_LT(largest_difference(seen.prototypes, expected.prototypes), 5e-2);
  EXPECT_GE(same_classes(seen, expected), 0.98);
  const TileResults rounded = run(*load("cuda", Arithmetic::Bfloat16), noise(16, 7), all);
  EXPECT_GE(same_classes(rounded, expected), 0.9);
}

TEST_F(GpuSegmenter, OfSeveralStreamsGivesWhatOneAloneGives) {
  constexpr int kBatches = 12;
  const std::vector<std::uint8_t> all(8, 1);
  std::vector<TileResults> expected;
  for (unsigned i = 0; i < kBatches; ++i) expected.push_back(run(*load("cuda"), noise(8, i), all));
  std::vector<double> largest(2, INFINITY);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < largest.size(); ++t) {
    threads.emplace_back([&, t] {
      const auto segmenter = load("cuda");
      std::vector<std::unique_ptr<Segmenter::Pending>> pending;  // all in flight
      for (unsigned i = 0; i < kBatches; ++i) {
        const model::network::PatchBatch batch = noise(8, i);
        auto tiles = segmenter->allocate(8, kTile);
        std::copy(batch.rgb.begin(), batch.rgb.end(), tiles->data());
        pending.push_back(segmenter->submit(std::move(tiles), 8, kTile, all));
      }
      double found = 0;
      for (std::size_t i = 0; i < pending.size(); ++i)
        found = std::max(found, largest_difference(segmenter->await(std::move(pending[i])).maps, expected[i].maps));
      largest[t] = found;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const double difference : largest) EXPECT_LT(difference, 1e-4);
}

TEST_F(GpuSegmenter, ChoosesBfloat16WhereItsLabelsAreTheSame) {
  const auto segmenter = load("cuda", Arithmetic::Auto);
  const Precision precision = choose(*segmenter, noise(8, 7));
  ASSERT_TRUE(precision.agreement);
  EXPECT_EQ(precision.name, *precision.agreement >= kEnoughAgreement ? "bf16" : "fp32");
  EXPECT_GE(*precision.agreement, 0.9);
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
