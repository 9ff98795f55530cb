#pragma once
// Private to src/image: samples as they are in a TIFF's tile, to RGB.
#include <array>
#include <vector>

#include "tiff_page.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::image {

/// The first of `bits`-wide samples, and how far apart those of neighbouring pixels and of one pixel are, in samples.
struct Samples {
  const std::uint8_t* data = nullptr;
  std::int64_t pixel_step = 1, channel_step = 1;
};

class TileColours {
 public:
  /// `file` stands at the directory of `page`.
  TileColours(const TiffFile& file, const TiffPage& page);
  /// `count` pixels to RGB: of 16 bits the upper 8 of those used, alpha over white.
  void to_rgb(const Samples& from, std::int64_t count, std::uint8_t* rgb) const;

 private:
  std::uint16_t bits_;
  int shift_;  ///< from a sample to 8 bits
  std::uint16_t photometric_;
  int colours_;  ///< 1 or 3
  bool ycc_;     ///< the samples are still YCbCr
  std::optional<std::uint16_t> alpha_;
  std::vector<std::array<std::uint8_t, 3>> palette_;
};

}  // namespace wsi_lpd::image
