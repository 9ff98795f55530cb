#pragma once
// Brings in LibTorch. A segmenter whose model a test trains within a second.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "test_data.hpp"
#include "wsi_lpd/model/network/patch_model_impl.hpp"
#include "wsi_lpd/model/training/trainer.hpp"
#include "wsi_lpd/pipeline/segment/lpd_segmenter.hpp"

namespace wsi_lpd::pipeline::segment {
inline constexpr int kTile = 64, kGrid = kTile / 8, kClasses = 2, kPrototypes = 3, kFeature = 256;

inline model::network::PatchBatch noise(int count, unsigned seed) {
  std::mt19937 random(seed);
  model::network::PatchBatch batch{.count = count, .size = kTile, .rgb = {}, .labels = {}};
  for (int i = 0; i < count * kTile * kTile * 3; ++i) batch.rgb.push_back(static_cast<std::uint8_t>(random() % (i % 3 == 0 ? 256 : 128)));
  for (int i = 0; i < count; ++i) batch.labels.insert(batch.labels.end(), {i % 2 == 0 ? 1.0F : 0.0F, 1.0F});
  return batch;
}

/// A file of tests/golden, in WSI_LPD_TEST_SOURCE where a test program is not run in its checkout.
inline std::filesystem::path golden(const std::string& name) {
  const char* source = std::getenv("WSI_LPD_TEST_SOURCE");
  return std::filesystem::path(source ? source : WSI_LPD_SOURCE_DIR) / "tests/golden" / name;
}

class TinySegmenter : public ::testing::Test {
 protected:
  void train(bool calibrate) {
    model::network::ModelInfo info;
    info.encoder = "mit_b0";
    info.classes = core::default_class_scheme(kClasses);
    info.mpp = 0.5;
    info.patch_size = kTile;
    model::training::Trainer trainer(info, {.lr = 1e-3, .iterations = 2, .threads = 1});
    trainer.step(noise(4, 0));
    int left = 2;
    if (calibrate)
      trainer.model().calibrate([&] { return left-- > 0 ? noise(4, static_cast<unsigned>(left)) : model::network::PatchBatch{}; });
    trainer.model().save(path_);
  }

  /// Gives the model in path_ a presence head.
  model::network::PatchModel with_head(int count = 20, const std::filesystem::path& encoder = golden("tiny_encoder.ts.pt")) const {
    model::network::PatchModel model = model::network::PatchModel::load(path_, "cpu", 1);
    model::network::PatchBatch images = noise(count, 1);
    for (std::size_t i = 0; i < images.labels.size(); ++i) images.labels[i] = static_cast<float>(i / 2 % (2 + i % 2) == 0);
    std::vector<std::string> groups;
    for (int i = 0; i < count; ++i) groups.push_back(std::to_string(i));
    bool given = false;
    model.fit_presence(
        {.encoder = encoder, .by_path = false, .scale = 1},
        [&] { return std::exchange(given, true) ? model::network::PatchBatch{} : images; }, groups);
    model.save(path_);
    return model;
  }

  static Precision choose(Segmenter& segmenter, const model::network::PatchBatch& batch) {
    auto tiles = segmenter.allocate(batch.count, kTile);
    std::copy(batch.rgb.begin(), batch.rgb.end(), tiles->data());
    return segmenter.choose_precision(std::move(tiles), batch.count, kTile);
  }

  static std::vector<float> adapt(Segmenter& segmenter, const model::network::PatchBatch& batch) {
    auto tiles = segmenter.allocate(batch.count, kTile);
    std::copy(batch.rgb.begin(), batch.rgb.end(), tiles->data());
    return segmenter.adapt_presence(std::move(tiles), batch.count, kTile);
  }

  static TileResults run(Segmenter& segmenter, const model::network::PatchBatch& batch,
                         const std::vector<std::uint8_t>& scored = {1, 1, 1}) {
    auto tiles = segmenter.allocate(batch.count, kTile);
    std::copy(batch.rgb.begin(), batch.rgb.end(), tiles->data());
    return segmenter.await(segmenter.submit(std::move(tiles), batch.count, kTile, scored));
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "model.safetensors";
};

}  // namespace wsi_lpd::pipeline::segment
