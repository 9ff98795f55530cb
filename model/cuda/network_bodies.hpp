#pragma once
// What the kernels compute, for one element each: compiled for the CPU and, by nvcc, for GPUs. No LibTorch here: nvcc reads this file.
#include <cmath>
#include <cstdint>

#include "wsi_lpd/core/host_device.hpp"

namespace wsi_lpd::model::cuda {

/// A byte of [B, H, W, 3].
struct NormalisePixel {
  const std::uint8_t* rgb;
  const float *shift, *factor;  ///< [3]
  float* out;                   ///< [B, H, W, 3]

  WSI_LPD_HOST_DEVICE void operator()(std::int64_t i) const {
    out[i] = (static_cast<float>(rgb[i]) - shift[i % 3]) * factor[i % 3];  // no product and sum that nvcc could fuse
  }
};

/// An element of [B, C, h, w].
struct MergePrototypes {
  const float* maps;  ///< [B, h·w, C·k]
  float* out;         ///< [B, C, h·w]
  std::int64_t classes, per_class, places;

  WSI_LPD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t place = i % places, c = i / places % classes, image = i / places / classes;
    const float* z = maps + ((image * places + place) * classes + c) * per_class;
    float most = z[0];
    for (std::int64_t j = 1; j < per_class; ++j) most = z[j] > most ? z[j] : most;
    float sum = 0, weights = 0;
    for (std::int64_t j = 0; j < per_class; ++j) {
      const float weight = std::exp(z[j] - most);
      weights += weight;
      sum += weight * z[j];
    }
    out[i] = sum / weights;
  }
};

/// A map [B·C, height, width] that is resized.
struct ScaleMap {
  const float* values;
  std::int64_t height, width;
  float weight;
};

/// The two cells that a place between cell centres lies between, and the second one's share; outside the centres the outermost cell.
struct Between {
  std::int64_t first, second;
  float share;

  WSI_LPD_HOST_DEVICE Between(std::int64_t place, std::int64_t places, std::int64_t cells) {
    const float at = (static_cast<float>(place) + 0.5F) * (static_cast<float>(cells) / static_cast<float>(places)) - 0.5F;
    const float inside = at > 0 ? at : 0;
    first = static_cast<std::int64_t>(inside);
    second = first + 1 < cells ? first + 1 : first;
    share = inside - static_cast<float>(first);
  }
};

/// An element of [B, C, h, w], the grid of scales[0].
struct FuseMaps {
  ScaleMap scales[3];
  float* out;
  float temperature;

  WSI_LPD_HOST_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t width = scales[0].width, height = scales[0].height;
    const std::int64_t x = i % width, y = i / width % height, plane = i / width / height;
    float sum = 0;
    for (const ScaleMap& scale : scales) {
      const Between row(y, height, scale.height), column(x, width, scale.width);
      const float* map = scale.values + plane * scale.height * scale.width;
      const float *above = map + row.first * scale.width, *below = map + row.second * scale.width;
      const float upper = above[column.first] + column.share * (above[column.second] - above[column.first]);
      const float lower = below[column.first] + column.share * (below[column.second] - below[column.first]);
      sum += scale.weight * (upper + row.share * (lower - upper));
    }
    out[i] = 1 / (1 + std::exp(-sum / temperature));
  }
};

}  // namespace wsi_lpd::model::cuda
