#include "wsi_lpd/slide/glass.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absorbance.hpp"

namespace wsi_lpd::slide {
namespace {

constexpr std::int64_t kReach = 1;  // pixels: noise of camera and JPEG must not look like colour
constexpr std::int32_t kUnit = 1'000'000;
constexpr std::int32_t kDensity = kUnit / 20;      // as on the thumbnail: 11 % less light than glass
constexpr std::int32_t kSpread = 3 * kUnit / 100;  // more than on the thumbnail, whose pixels are means of many

}  // namespace

std::optional<GlassFinder> GlassFinder::of(const core::Image& thumbnail) {
  const std::optional<Light> light = glass_light(thumbnail);
  return light ? std::optional(GlassFinder(*light)) : std::nullopt;
}

GlassFinder::GlassFinder(const Light& light) {
  const Absorber absorber(light);
  for (std::size_t value = 0; value < 256; ++value) {
    const auto byte = static_cast<std::uint8_t>(value);
    const Absorbance grey = absorber(std::array{byte, byte, byte}.data());
    for (std::size_t c = 0; c < 3; ++c)
      absorbance_[c][value] = static_cast<std::int32_t>(std::lround(kUnit * std::max(grey.channel[c], 0.0)));
  }
}

void GlassFinder::find(core::ImageView<const std::uint8_t> rgb, core::ImageView<std::uint8_t> glass) const {
  constexpr std::uint32_t kCount = (2 * kReach + 1) * (2 * kReach + 1);
  const auto width = static_cast<std::size_t>(rgb.width);
  const auto row = [&](std::int64_t y) { return rgb.row(std::clamp<std::int64_t>(y, 0, rgb.height - 1)); };
  std::vector<std::uint32_t> sums(3 * width);  // over the rows around the present one; edges are repeated
  for (std::int64_t y = -kReach - 1; y < kReach; ++y) {
    const std::uint8_t* pixels = row(y);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += pixels[i];
  }
  for (std::int64_t y = 0; y < rgb.height; ++y) {
    const std::uint8_t *enters = row(y + kReach), *leaves = row(y - kReach - 1);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += static_cast<std::uint32_t>(enters[i]) - leaves[i];
    const auto column = [&](std::int64_t x) { return sums.data() + 3 * std::clamp<std::int64_t>(x, 0, rgb.width - 1); };
    std::array<std::uint32_t, 3> window{};
    for (std::int64_t x = -kReach - 1; x < kReach; ++x) {
      for (std::size_t c = 0; c < 3; ++c) window[c] += column(x)[c];
    }
    std::uint8_t* out = glass.row(y);
    for (std::int64_t x = 0; x < rgb.width; ++x) {
      const std::uint32_t *in = column(x + kReach), *gone = column(x - kReach - 1);
      std::array<std::int32_t, 3> taken;
      for (std::size_t c = 0; c < 3; ++c) {
        window[c] += in[c] - gone[c];
        taken[c] = absorbance_[c][(window[c] + kCount / 2) / kCount];
      }
      const auto [least, most] = std::minmax({taken[0], taken[1], taken[2]});
      out[x] = taken[0] + taken[1] + taken[2] <= 3 * kDensity && most - least <= kSpread;
    }
  }
}

}  // namespace wsi_lpd::slide
