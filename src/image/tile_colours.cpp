#include "tile_colours.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace wsi_lpd::image {
namespace {

std::uint8_t clamp_byte(double value) { return static_cast<std::uint8_t>(std::clamp(value + 0.5, 0.0, 255.0)); }

/// ITU-R BT.601, full range, as in JFIF.
std::array<std::uint8_t, 3> rgb_from_ycc(int y, int cb, int cr) {
  return {clamp_byte(y + 1.402 * (cr - 128)), clamp_byte(y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128)),
          clamp_byte(y + 1.772 * (cb - 128))};
}

}  // namespace

TileColours::TileColours(const TiffFile& file, const TiffPage& page)
    : bits_(page.bits),
      shift_(page.bits == 16 ? page.used_bits - 8 : 0),
      photometric_(page.photometric),
      colours_(page.colour() ? 3 : 1),
      ycc_(page.photometric == PHOTOMETRIC_YCBCR && page.jpeg2000()),  // libtiff converts what is in JPEG
      alpha_(page.samples > colours_ ? page.alpha : std::nullopt) {
  if (photometric_ != PHOTOMETRIC_PALETTE) return;
  std::uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
  file.check(TIFFGetField(file.get(), TIFFTAG_COLORMAP, &red, &green, &blue) != 0, "has no colour map");
  for (int i = 0; i < 1 << page.bits; ++i) {
    palette_.push_back(
        {static_cast<std::uint8_t>(red[i] >> 8U), static_cast<std::uint8_t>(green[i] >> 8U), static_cast<std::uint8_t>(blue[i] >> 8U)});
  }
}

void TileColours::to_rgb(const Samples& from, std::int64_t count, std::uint8_t* rgb) const {
  const auto wide = [&](std::int64_t index) {
    if (bits_ == 8) return static_cast<int>(from.data[index]);
    std::uint16_t value = 0;
    std::memcpy(&value, from.data + 2 * index, 2);
    return static_cast<int>(value);
  };
  for (std::int64_t i = 0; i < count; ++i, rgb += 3) {
    const std::int64_t first = i * from.pixel_step;
    const auto sample = [&](int channel) { return std::min(255, wide(first + channel * from.channel_step) >> shift_); };
    if (photometric_ == PHOTOMETRIC_PALETTE) {
      std::ranges::copy(palette_[static_cast<std::size_t>(wide(first))], rgb);
      continue;
    }
    for (int c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>(sample(colours_ == 3 ? c : 0));
    if (photometric_ == PHOTOMETRIC_MINISWHITE) std::transform(rgb, rgb + 3, rgb, [](std::uint8_t v) { return 255 - v; });
    if (ycc_) std::ranges::copy(rgb_from_ycc(rgb[0], rgb[1], rgb[2]), rgb);
    if (!alpha_) continue;
    const int alpha = sample(colours_);
    for (int c = 0; c < 3; ++c) {
      const int over = *alpha_ == EXTRASAMPLE_ASSOCALPHA ? rgb[c] : (rgb[c] * alpha + 127) / 255;
      rgb[c] = static_cast<std::uint8_t>(std::min(255, over + 255 - alpha));
    }
  }
}

}  // namespace wsi_lpd::image
