#pragma once
#include <algorithm>
#include <filesystem>

#include "wsi_lpd/core/image.hpp"
#include "wsi_lpd/image/raster_writer.hpp"

namespace wsi_lpd::testing {

/// A picture whose pixels say where they are: red is 2·x, green 2·y (modulo 256), so that means over 2, 4, … pixels are whole numbers and
/// say the place of a lower level's pixel exactly; blue tells the 128-pixel blocks apart.
inline core::Image position_picture(core::Size size) {
  core::Image picture(size.width, size.height, 3);
  for (std::int64_t y = 0; y < size.height; ++y) {
    for (std::int64_t x = 0; x < size.width; ++x) {
      std::uint8_t* pixel = picture.at(x, y);
      pixel[0] = static_cast<std::uint8_t>(2 * x);
      pixel[1] = static_cast<std::uint8_t>(2 * y);
      pixel[2] = static_cast<std::uint8_t>(x / 128 * 37 + y / 128 * 11);
    }
  }
  return picture;
}

inline void write_slide(const std::filesystem::path& path, const core::Image& picture, const image::PyramidOptions& options) {
  image::RasterWriter writer(path, {picture.width(), picture.height()}, picture.channels(), options);
  writer.add_rows(picture.data(), picture.height());
  writer.finish();
}

/// Colour of `picture` at (x, y), white outside.
inline core::Colour colour_at(const core::Image& picture, std::int64_t x, std::int64_t y) {
  if (x < 0 || y < 0 || x >= picture.width() || y >= picture.height()) return {255, 255, 255};
  const std::uint8_t* pixel = picture.at(x, y);
  return {pixel[0], pixel[1], pixel[2]};
}

}  // namespace wsi_lpd::testing
