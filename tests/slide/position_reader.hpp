#pragma once
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::testing {

/// A slide of any size that takes no room: pixels are computed from their position. Red is 8·x and green 8·y modulo 256, a lower level has
/// their means, which are whole numbers; blue numbers the blocks of 32 pixels in which red and green do not jump.
class PositionReader : public slide::Reader {
 public:
  static constexpr std::int64_t kBlock = 32;
  static constexpr int kStep = 8;

  /// Levels by the factors `downsamples` (powers of two up to 4), whose sizes are rounded down or up.
  PositionReader(core::Size level0, const core::Rect& bounds, const std::vector<std::int64_t>& downsamples, bool round_up) {
    for (const std::int64_t factor : downsamples) {
      const auto side = [&](std::int64_t length) { return round_up ? core::divide_up(length, factor) : length / factor; };
      properties_.levels.push_back({{side(level0.width), side(level0.height)}, static_cast<double>(factor), static_cast<double>(factor)});
    }
    properties_.bounds = bounds;
  }
  const slide::Properties& properties() const override { return properties_; }

  void read(int level, const core::Rect& region, core::ImageView<std::uint8_t> target) const override {
    const slide::Level& from = properties_.levels.at(static_cast<std::size_t>(level));
    const auto factor = static_cast<std::int64_t>(from.downsample_x);
    for (std::int64_t y = 0; y < region.height; ++y) {
      for (std::int64_t x = 0; x < region.width; ++x) {
        const std::int64_t at_x = (region.x + x) * factor, at_y = (region.y + y) * factor;
        const bool inside = region.x + x >= 0 && region.y + y >= 0 && region.x + x < from.size.width && region.y + y < from.size.height;
        std::uint8_t* pixel = target.at(x, y);
        pixel[0] = inside ? ramp(at_x, factor) : 255;
        pixel[1] = inside ? ramp(at_y, factor) : 255;
        pixel[2] = inside ? block(at_x, at_y) : 255;
      }
    }
  }

  static std::uint8_t block(std::int64_t x, std::int64_t y) { return static_cast<std::uint8_t>(x / kBlock * 37 + y / kBlock * 11); }

  /// What red or green is over the level-0 pixels [begin, end) of one axis, fractions counted by their area; nothing where `begin` and
  /// `end`, widened to whole pixels of 4, lie in different blocks.
  static std::optional<double> mean(double begin, double end) {
    const double first = std::floor(begin / 4) * 4, last = std::ceil(end / 4) * 4;
    const double start = std::floor(first / kBlock) * kBlock;
    if (last > start + kBlock) return {};
    const auto integral = [&](double x) {  // of floor(t) over [0, x)
      const double whole = std::floor(x);
      return whole * (whole - 1) / 2 + (x - whole) * whole;
    };
    return kStep * (integral(end - start) - integral(begin - start)) / (end - begin);
  }

 private:
  static std::uint8_t ramp(std::int64_t at, std::int64_t factor) {
    return static_cast<std::uint8_t>(at % kBlock * kStep + kStep * (factor - 1) / 2);
  }
  slide::Properties properties_;
};

}  // namespace wsi_lpd::testing
