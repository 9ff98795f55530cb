#include "wsi_lpd/core/image.hpp"

#include <algorithm>
#include <cmath>

namespace wsi_lpd::core {
namespace {

// Which source pixels make one target pixel along one axis, and with what weight; weights of a target pixel add up to 1.
struct Taps {
  std::vector<std::int64_t> first;  // index of the first source pixel of each target pixel
  std::vector<std::size_t> offset;  // where its weights start
  std::vector<float> weights;
};

Taps area_taps(double origin, double scale, std::int64_t source_size, std::int64_t target_size) {
  Taps taps;
  for (std::int64_t t = 0; t < target_size; ++t) {
    const double left = origin + static_cast<double>(t) * scale;
    const double right = origin + static_cast<double>(t + 1) * scale;
    const auto begin = static_cast<std::int64_t>(std::floor(left));
    const auto end = std::max(begin + 1, static_cast<std::int64_t>(std::ceil(right - 1e-9)));
    const std::int64_t first = std::clamp<std::int64_t>(begin, 0, source_size - 1);
    const std::int64_t last = std::clamp<std::int64_t>(end - 1, 0, source_size - 1);
    taps.first.push_back(first);
    taps.offset.push_back(taps.weights.size());
    taps.weights.resize(taps.weights.size() + static_cast<std::size_t>(last - first + 1), 0.0F);
    for (std::int64_t s = begin; s < end; ++s) {
      const double covered = std::min(right, static_cast<double>(s + 1)) - std::max(left, static_cast<double>(s));
      const std::int64_t clamped = std::clamp<std::int64_t>(s, 0, source_size - 1);
      taps.weights[taps.offset.back() + static_cast<std::size_t>(clamped - first)] += static_cast<float>(std::max(0.0, covered) / scale);
    }
  }
  taps.offset.push_back(taps.weights.size());
  return taps;
}

}  // namespace

void fill(ImageView<std::uint8_t> target, const Colour& colour) {
  for (std::int64_t y = 0; y < target.height; ++y) {
    for (std::uint8_t* pixel = target.row(y); pixel != target.row(y) + target.width * 3; pixel += 3) {
      pixel[0] = colour.red;
      pixel[1] = colour.green;
      pixel[2] = colour.blue;
    }
  }
}

void resample_area(ImageView<const std::uint8_t> source, double origin_x, double origin_y, double scale_x, double scale_y,
                   ImageView<std::uint8_t> target) {
  const std::int64_t row_values = target.width * target.channels;
  const bool copy = scale_x == 1 && scale_y == 1 && origin_x == std::floor(origin_x) && origin_y == std::floor(origin_y) && origin_x >= 0 &&
                    origin_y >= 0 && origin_x + static_cast<double>(target.width) <= static_cast<double>(source.width) &&
                    origin_y + static_cast<double>(target.height) <= static_cast<double>(source.height);
  if (copy) {
    for (std::int64_t y = 0; y < target.height; ++y) {
      std::copy_n(source.at(static_cast<std::int64_t>(origin_x), static_cast<std::int64_t>(origin_y) + y), row_values, target.row(y));
    }
    return;
  }
  // Separable: rows are summed into one float row of the source's width first, then along x.
  const Taps across = area_taps(origin_x, scale_x, source.width, target.width);
  const Taps down = area_taps(origin_y, scale_y, source.height, target.height);
  std::vector<float> sums(static_cast<std::size_t>(source.width * source.channels));
  for (std::int64_t y = 0; y < target.height; ++y) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    const auto row_index = static_cast<std::size_t>(y);
    for (std::size_t w = down.offset[row_index]; w < down.offset[row_index + 1]; ++w) {
      const std::uint8_t* from = source.row(down.first[row_index] + static_cast<std::int64_t>(w - down.offset[row_index]));
      const float weight = down.weights[w];
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += weight * static_cast<float>(from[i]);
    }
    std::uint8_t* to = target.row(y);
    for (std::int64_t x = 0; x < target.width; ++x) {
      const auto column = static_cast<std::size_t>(x);
      for (int c = 0; c < target.channels; ++c) {
        float value = 0.5F;
        std::size_t from = static_cast<std::size_t>(across.first[column] * target.channels + c);
        for (std::size_t w = across.offset[column]; w < across.offset[column + 1]; ++w, from += static_cast<std::size_t>(target.channels)) {
          value += across.weights[w] * sums[from];
        }
        *to++ = static_cast<std::uint8_t>(std::min(value, 255.0F));
      }
    }
  }
}

}  // namespace wsi_lpd::core
