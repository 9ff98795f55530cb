#include "glass_cover.hpp"

#include <cmath>

#include "wsi_lpd/core/counter_random.hpp"

namespace wsi_lpd::model::network {

PatchBatch covered_with_glass(PatchBatch images, std::int64_t first) {
  constexpr double kLeast = 0.15, kMost = 0.6;        // share of an image
  constexpr double kDarkest = 238, kBrightest = 248;  // of 255
  constexpr std::uint64_t kNoise = 7;                 // grey levels around the glass's own, evenly
  enum Draw : std::uint64_t { Side, Share, Brightness, Pixels };
  const int size = images.size;
  std::uint8_t* pixel = images.rgb.data();
  for (int i = 0; i < images.count; ++i) {
    const auto seed = static_cast<std::uint64_t>(first + i);
    const std::uint64_t side = core::hash(seed, Side) % 4;
    const auto covered = static_cast<int>(std::lround(size * (kLeast + (kMost - kLeast) * core::uniform(seed, Share))));
    const auto brightness = static_cast<int>(std::lround(kDarkest + (kBrightest - kDarkest) * core::uniform(seed, Brightness)));
    std::uint64_t draw = Pixels;
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x, pixel += 3) {
        const int depth = side == 0 ? y : side == 1 ? size - 1 - y : side == 2 ? x : size - 1 - x;
        if (depth >= covered) continue;
        const std::uint64_t bits = core::hash(seed, draw++);
        for (int channel = 0; channel < 3; ++channel)
          pixel[channel] =
              static_cast<std::uint8_t>(brightness + static_cast<int>((bits >> (8 * channel)) % kNoise) - static_cast<int>(kNoise / 2));
      }
    }
  }
  return images;
}

}  // namespace wsi_lpd::model::network
