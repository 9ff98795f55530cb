// A device that has too little memory, and one that fails: by errors that are thrown where LibTorch allocates memory on the CPU.
#include <gmock/gmock.h>

#include <atomic>
#include <cmath>

#include "model/allocation_hook.hpp"
#include "pipeline/segment/tiny_segmenter.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kMany = 25, kFew = 12;  // so many that tensors of tiles are larger than those of weights; halves of 25 are 13 and 7

class DeviceMemory : public TinySegmenter {
 protected:
  void SetUp() override { train(true); }

  /// The largest tensor that `action` allocates, bytes.
  template <class Action>
  static std::size_t largest_tensor(const Action& action) {
    std::atomic<std::size_t> largest = 0;
    const testing::AllocationHook hook([&](std::size_t bytes) { largest = std::max(largest.load(), bytes); });
    action();
    return largest;
  }
  static auto refuse_above(std::size_t most) {
    return [most](std::size_t bytes) {
      if (bytes > most) testing::throw_out_of_memory();
    };
  }
};

template <class Values>
void expect_near(const Values& values, const Values& expected) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(values[i])) << i;
    } else {
      EXPECT_NEAR(values[i], expected[i], 1e-5 + 1e-5 * std::abs(expected[i])) << i;
    }
  }
}

void expect_same(const TileResults& seen, const TileResults& expected) {
  EXPECT_EQ(seen.count, expected.count);
  expect_near(seen.maps, expected.maps);
  expect_near(seen.score_maps, expected.score_maps);
  expect_near(seen.scores, expected.scores);
  expect_near(seen.prototypes, expected.prototypes);
  expect_near(seen.features, expected.features);
  expect_near(seen.distances, expected.distances);
}

TEST_F(DeviceMemory, ForHalfABatchGivesTheResultsOfTheWhole) {
  std::vector<std::uint8_t> scored(kMany, 1);
  for (std::size_t i = 0; i < kMany; i += 3) scored[i] = 0;
  for (const bool head : {false, true}) {
    if (head) with_head();
    const auto segmenter = load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Float32});
    const TileResults whole = run(*segmenter, noise(kMany, 7), scored);
    EXPECT_EQ(segmenter->take_note(), "");
    const std::size_t few = largest_tensor([&] { run(*segmenter, noise(kFew, 7), std::vector<std::uint8_t>(kFew, 1)); });
    const testing::AllocationHook hook(refuse_above(few));
    expect_same(run(*segmenter, noise(kMany, 7), scored), whole);
    EXPECT_THAT(segmenter->take_note(), ::testing::MatchesRegex("too little memory for 25 tiles at once: (7|13) at once from now on, .*"));
    expect_same(run(*segmenter, noise(kMany, 7), scored), whole);
    EXPECT_EQ(segmenter->take_note(), "") << "it is said once";
    EXPECT_FALSE(segmenter->is_lost());
  }
}

TEST_F(DeviceMemory, ForNotOneTileIsAnError) {
  const auto segmenter = load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Float32});
  {
    const testing::AllocationHook hook(refuse_above(1000));
    EXPECT_THROW(run(*segmenter, noise(3, 7)), core::Error);
  }
  EXPECT_FALSE(segmenter->is_lost());
  EXPECT_EQ(run(*segmenter, noise(3, 7)).count, 3);
}

TEST_F(DeviceMemory, ForHalfTheSampleChoosesTheSamePrecision) {
  const auto segmenter = load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Float32}), other = load_lpd_segmenter(path_);
  const std::string chosen = choose(*other, noise(4, 7)).name;
  const std::size_t one = largest_tensor([&] { run(*segmenter, noise(1, 7), {1}); });
  const testing::AllocationHook hook(refuse_above(std::max(one, std::size_t{4} * kTile * kTile * 3)));
  EXPECT_EQ(choose(*other, noise(4, 7)).name, chosen);
}

TEST_F(DeviceMemory, ForHalfTheImagesEvaluatesThemAll) {
  with_head();
  model::network::PatchModel model = model::network::PatchModel::load(path_, "cpu", 1);
  const model::network::PatchBatch batch = noise(kMany, 7);
  const auto heads = model.presence_scores(batch);
  const auto whole = model.look(batch, true, heads);
  const auto peaks = model.prototype_peaks(batch);
  const auto labels = model.segment_unlabelled(batch);
  const std::size_t few = largest_tensor([&] { model.look(noise(kFew, 7), true); });
  const testing::AllocationHook hook(refuse_above(few));
  const auto seen = model.look(batch, true, heads);
  EXPECT_EQ(model.take_note(), "too little memory for 25 images at once: 7 at once from now on, which takes longer and changes no result");
  ASSERT_EQ(seen.size(), whole.size());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    expect_near(seen[i].maps, whole[i].maps);
    expect_near(seen[i].scores, whole[i].scores);
    EXPECT_EQ(seen[i].crf_image, whole[i].crf_image);
  }
  const auto heads_seen = model.presence_scores(batch);
  for (std::size_t i = 0; i < heads.size(); ++i) expect_near(heads_seen[i].scores, heads[i].scores);
  EXPECT_EQ(model.prototype_peaks(batch).size(), peaks.size());
  EXPECT_EQ(model.prototype_peaks(batch)[4][0].x, peaks[4][0].x);
  EXPECT_EQ(model.segment_unlabelled(batch).size(), labels.size());
}

TEST_F(DeviceMemory, OfADeviceThatFailsIsNotHalved) {
  const auto segmenter = load_lpd_segmenter(path_, {.arithmetic = Arithmetic::Float32});
  auto pending = [&] {
    auto tiles = segmenter->allocate(3, kTile);
    const model::network::PatchBatch batch = noise(3, 7);
    std::copy(batch.rgb.begin(), batch.rgb.end(), tiles->data());
    return segmenter->submit(std::move(tiles), 3, kTile, std::vector<std::uint8_t>(3, 1));
  }();
  const testing::AllocationHook hook([](std::size_t) {
    throw c10::AcceleratorError({__func__, __FILE__, __LINE__}, 719, "CUDA error: unspecified launch failure\nSearch for it in the manual");
  });
  try {
    segmenter->await(std::move(pending));
    ADD_FAILURE() << "the device has failed";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), AllOf(StartsWith("segmenting: the device has failed (CUDA error: unspecified launch failure); "),
                                    HasSubstr("nvidia-smi"), ::testing::Not(HasSubstr("manual"))));
  }
  EXPECT_TRUE(segmenter->is_lost());
  EXPECT_EQ(segmenter->take_note(), "");
}

}  // namespace
}  // namespace wsi_lpd::pipeline::segment
