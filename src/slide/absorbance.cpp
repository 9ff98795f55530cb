#include "absorbance.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace wsi_lpd::slide {
namespace {

constexpr double kShare = 0.01;        // of the picture: less is no colour of the glass, but specks that shine
constexpr int kDarkestGlass = 80;      // luminance of the glass of an underexposed slide
constexpr int kShading = 20;           // luminance by which lamp and stitching let the glass vary
constexpr int kSpread = 5;             // luminance around the commonest value that is surely glass
constexpr double kMostMagenta = 0.02;  // Glass may be yellow from old balsam, but not tinted like a stain: these absorb green most,
constexpr double kMostBlue = 0.04;     // or red more than blue. Absorbance; glass measured on scanners has up to 0.01.

int luminance(const std::uint8_t* rgb) { return (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000; }
bool is_white(const std::uint8_t* rgb) { return rgb[0] == 255 && rgb[1] == 255 && rgb[2] == 255; }

bool can_be_glass(const Light& light) {
  const Absorbance from_white = Absorber({255, 255, 255})(
      std::array{static_cast<std::uint8_t>(light[0]), static_cast<std::uint8_t>(light[1]), static_cast<std::uint8_t>(light[2])}.data());
  const auto& [red, green, blue] = from_white.channel;
  return green - (red + blue) / 2 <= kMostMagenta && red - blue <= kMostBlue;
}

/// Medians of the channels over the pixels whose luminance is `level` ± kSpread.
Light median_colour(const core::Image& rgb, int level) {
  std::array<std::array<std::int64_t, 256>, 3> histograms{};
  std::int64_t count = 0;
  for (const std::uint8_t* pixel = rgb.data(); pixel != rgb.data() + rgb.bytes(); pixel += 3) {
    if (std::abs(luminance(pixel) - level) > kSpread || is_white(pixel)) continue;
    for (std::size_t c = 0; c < 3; ++c) ++histograms[c][pixel[c]];
    ++count;
  }
  Light light{};
  for (std::size_t c = 0; c < 3; ++c) {
    std::int64_t below = 0;
    std::size_t value = 0;
    while ((below += histograms[c][value]) * 2 < count) ++value;
    light[c] = static_cast<double>(value);
  }
  return light;
}

}  // namespace

std::optional<Light> glass_light(const core::Image& rgb) {
  std::array<std::int64_t, 258> histogram{};  // of luminance + 1: both ends have a neighbour
  std::int64_t white = 0;
  const auto pixels = static_cast<std::int64_t>(rgb.bytes() / 3);
  for (const std::uint8_t* pixel = rgb.data(); pixel != rgb.data() + rgb.bytes(); pixel += 3) {
    if (is_white(pixel)) {
      ++white;
    } else {
      ++histogram[static_cast<std::size_t>(luminance(pixel)) + 1];
    }
  }
  const auto enough = [&](std::int64_t count) { return static_cast<double>(count) >= kShare * static_cast<double>(pixels); };
  std::int64_t brighter = 0;
  for (int bright = 255; bright >= kDarkestGlass; --bright) {
    if (!enough(brighter += histogram[static_cast<std::size_t>(bright) + 1])) continue;
    const auto around = [&](int level) {
      const auto at = static_cast<std::size_t>(level) + 1;
      return histogram[at - 1] + histogram[at] + histogram[at + 1];
    };
    int mode = bright;
    for (int level = 255; level >= bright - kShading; --level) mode = around(level) > around(mode) ? level : mode;
    if (const Light light = median_colour(rgb, mode); can_be_glass(light)) return light;
    break;
  }
  if (enough(white)) return Light{255, 255, 255};
  return {};
}

double Absorbance::least() const { return std::min({channel[0], channel[1], channel[2]}); }
double Absorbance::spread() const { return std::max({channel[0], channel[1], channel[2]}) - least(); }

Absorbance::Colour Absorbance::colour() const {
  const double density = mean();
  if (!(density > 0)) return {};
  const double x = channel[0] / density - 1, y = (channel[1] - channel[2]) / (std::numbers::sqrt3 * density);
  const double degrees = std::atan2(y, x) * 180 / std::numbers::pi;
  return {degrees < 0 ? degrees + 360 : degrees, std::hypot(x, y)};
}

Absorber::Absorber(const Light& glass) {
  // + 1: black is the darkest that eight bits can say, not infinitely dark.
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t value = 0; value < 256; ++value) table_[c][value] = std::log10((glass[c] + 1) / (static_cast<double>(value) + 1));
  }
}

}  // namespace wsi_lpd::slide
