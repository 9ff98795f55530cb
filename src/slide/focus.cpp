#include "wsi_lpd/slide/focus.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace wsi_lpd::slide {
namespace {

constexpr int kReach = 2;               // binned pixels: the second blur is a mean of 5
constexpr std::int64_t kSmallest = 16;  // pixels
constexpr double kFlat = 2.5;           // standard deviation of 255 that the noise of a camera alone can have after binning

/// Sums of (R + 2G + B) over 2 × 2 pixels: luminance of 255 times 16.
struct Binned {
  std::int64_t width, height;
  std::vector<std::int32_t> values;
  const std::int32_t* row(std::int64_t y) const { return values.data() + y * width; }
};

Binned binned(core::ImageView<const std::uint8_t> rgb) {
  Binned result{rgb.width / 2, rgb.height / 2, {}};
  result.values.reserve(static_cast<std::size_t>(result.width * result.height));
  for (std::int64_t y = 0; y < result.height; ++y) {
    const std::uint8_t* above = rgb.row(2 * y);
    const std::uint8_t* below = rgb.row(2 * y + 1);
    for (std::int64_t x = 0; x < result.width; ++x, above += 6, below += 6)
      result.values.push_back(above[0] + above[3] + below[0] + below[3] + 2 * (above[1] + above[4] + below[1] + below[4]) + above[2] +
                              above[5] + below[2] + below[5]);
  }
  return result;
}

struct Variation {
  std::int64_t all = 0, lost = 0;
  /// `step` is the difference of two neighbours, `far` that of the pixels which enter and leave a mean of 5 between them.
  void add(std::int32_t step, std::int32_t far) {
    const std::int32_t before = 5 * std::abs(step);
    all += before;
    lost += std::max(0, before - std::abs(far));
  }
};

bool is_flat(const Binned& picture) {
  double sum = 0, squares = 0;
  for (const std::int32_t value : picture.values) sum += value, squares += static_cast<double>(value) * value;
  const auto count = static_cast<double>(picture.values.size());
  const double variance = squares / count - sum / count * (sum / count);
  return variance < 16 * kFlat * 16 * kFlat;
}

}  // namespace

float sharpness(core::ImageView<const std::uint8_t> rgb) {
  constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();
  if (rgb.width < kSmallest || rgb.height < kSmallest) return kNothing;
  const Binned picture = binned(rgb);
  if (is_flat(picture)) return kNothing;
  Variation variation;
  for (std::int64_t y = kReach + 1; y < picture.height - kReach; ++y) {
    const std::int32_t* here = picture.row(y);
    const std::int32_t *above = picture.row(y - 1), *top = picture.row(y - kReach - 1), *bottom = picture.row(y + kReach);
    for (std::int64_t x = kReach + 1; x < picture.width - kReach; ++x) {
      variation.add(here[x] - here[x - 1], here[x + kReach] - here[x - kReach - 1]);
      variation.add(here[x] - above[x], bottom[x] - top[x]);
    }
  }
  return variation.all > 0 ? static_cast<float>(static_cast<double>(variation.lost) / static_cast<double>(variation.all)) : kNothing;
}

FocusSummary summarise_focus(std::vector<float> sharpnesses) {
  std::erase_if(sharpnesses, [](float value) { return std::isnan(value); });
  if (sharpnesses.empty()) return {};
  const auto middle = sharpnesses.begin() + static_cast<std::ptrdiff_t>(sharpnesses.size() / 2);
  std::nth_element(sharpnesses.begin(), middle, sharpnesses.end());
  const auto blurred = std::count_if(sharpnesses.begin(), sharpnesses.end(), [](float value) { return value < kOutOfFocus; });
  return {*middle, static_cast<double>(blurred) / static_cast<double>(sharpnesses.size())};
}

}  // namespace wsi_lpd::slide
