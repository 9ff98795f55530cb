#pragma once
#include <cstdint>
#include <type_traits>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::core {

/// A rectangle of interleaved pixels somebody else owns. `stride` counts elements from one row to the next.
template <class T>
struct ImageView {
  T* pixels = nullptr;
  std::int64_t width = 0;
  std::int64_t height = 0;
  int channels = 0;
  std::int64_t stride = 0;

  T* row(std::int64_t y) const { return pixels + y * stride; }
  T* at(std::int64_t x, std::int64_t y) const { return row(y) + x * channels; }
  /// The part of the view inside `rect`, which must lie within it.
  ImageView part(const Rect& rect) const { return {at(rect.x, rect.y), rect.width, rect.height, channels, stride}; }
  operator ImageView<const T>() const requires(!std::is_const_v<T>) { return {pixels, width, height, channels, stride}; }
};

/// 8-bit pixels in memory: 1 channel (labels, masks) or 3 (RGB). Rows are packed.
class Image {
 public:
  Image() = default;
  Image(std::int64_t width, std::int64_t height, int channels, std::uint8_t value = 0)
      : width_(width), height_(height), channels_(channels), pixels_(static_cast<std::size_t>(width * height * channels), value) {}

  std::int64_t width() const { return width_; }
  std::int64_t height() const { return height_; }
  int channels() const { return channels_; }
  bool empty() const { return pixels_.empty(); }
  std::uint8_t* data() { return pixels_.data(); }
  const std::uint8_t* data() const { return pixels_.data(); }
  std::size_t bytes() const { return pixels_.size(); }
  std::uint8_t* at(std::int64_t x, std::int64_t y) { return view().at(x, y); }
  const std::uint8_t* at(std::int64_t x, std::int64_t y) const { return view().at(x, y); }
  ImageView<std::uint8_t> view() { return {pixels_.data(), width_, height_, channels_, width_ * channels_}; }
  ImageView<const std::uint8_t> view() const { return {pixels_.data(), width_, height_, channels_, width_ * channels_}; }
  bool operator==(const Image&) const = default;

 private:
  std::int64_t width_ = 0;
  std::int64_t height_ = 0;
  int channels_ = 0;
  std::vector<std::uint8_t> pixels_;
};

/// Every pixel of an RGB picture becomes `colour`. Thread-safe.
void fill(ImageView<std::uint8_t> target, const Colour& colour);

/// Area-average resampling. Target pixel (x, y) becomes the mean of the source rectangle
/// [origin_x + x·scale_x, origin_x + (x+1)·scale_x) × …, in source pixels, fractions counted by their area; scale below 1 repeats
/// pixels. Source positions outside the source take its nearest edge pixel. Rounds to nearest. Thread-safe.
void resample_area(ImageView<const std::uint8_t> source, double origin_x, double origin_y, double scale_x, double scale_y,
                   ImageView<std::uint8_t> target);

}  // namespace wsi_lpd::core
