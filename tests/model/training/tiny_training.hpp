#pragma once
#include <random>

#include "wsi_lpd/model/training/trainer.hpp"

// A training that takes a second.
namespace wsi_lpd::model::training {

inline constexpr int kSize = 64;
inline constexpr int kClasses = 2;

/// Noisy red or blue pictures, or half and half with the border in the middle.
inline network::PatchBatch tiny_batch(unsigned seed) {
  std::mt19937 random(seed);
  network::PatchBatch batch{.count = 6, .size = kSize, .rgb = {}, .labels = {}};
  for (int i = 0; i < batch.count; ++i) {
    const bool left = i % 3 != 1, right = i % 3 != 0;  // class 0 alone, class 1 alone, both
    for (int y = 0; y < kSize; ++y) {
      for (int x = 0; x < kSize; ++x) {
        const bool red = left && (!right || x < kSize / 2);
        for (int channel = 0; channel < 3; ++channel) {
          batch.rgb.push_back(static_cast<std::uint8_t>((channel == (red ? 0 : 2) ? 180 : 60) + random() % 40));
        }
      }
    }
    batch.labels.insert(batch.labels.end(), {left ? 1.0F : 0.0F, right ? 1.0F : 0.0F});
  }
  return batch;
}

inline network::ModelInfo tiny_info() {
  network::ModelInfo info;
  info.encoder = "mit_b0";
  info.classes = core::default_class_scheme(kClasses);
  info.patch_size = kSize;
  return info;
}

inline TrainOptions tiny_options() { return {.lr = 1e-3, .iterations = 30, .warmup_iterations = 10, .seed = 3, .threads = 1}; }

inline void calibrate(Trainer& trainer) {
  int left = 3;
  trainer.model().calibrate([&] { return left-- > 0 ? tiny_batch(100 + static_cast<unsigned>(left)) : network::PatchBatch{}; });
}

}  // namespace wsi_lpd::model::training
