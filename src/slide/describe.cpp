#include "describe.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace wsi_lpd::slide {
namespace {

constexpr double kTagsDiffer = 0.1;  // relative; tags are often rounded
// µm/px times magnification: 10 for most scanners, 4.6 to 9.2 for some. Inches taken for centimetres make it 2.5 times as large or small,
// millimetres for centimetres ten times.
constexpr double kLeastProduct = 4, kUsualProduct = 10, kMostProduct = 25;
constexpr std::int64_t kLongestSide = std::int64_t{1} << 31;
constexpr std::int64_t kMostPixels = 1'000'000'000'000;

/// Level-0 pixels per level pixel along one axis: the integer factor that explains the level's size, a power of two before others (small
/// levels leave a choice). The ratio of rounded sizes, 4.0015 say, would drift by tens of pixels over a slide.
double true_downsample(std::int64_t level0, std::int64_t level) {
  const double ratio = static_cast<double>(level0) / static_cast<double>(level);
  for (const std::int64_t factor :
       {std::int64_t{1} << std::lround(std::log2(std::max(1.0, ratio))), static_cast<std::int64_t>(std::llround(ratio))}) {
    if (factor >= 1 && level >= level0 / factor && level <= core::divide_up(level0, factor)) return static_cast<double>(factor);
  }
  return ratio;
}

}  // namespace

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

void check_size(const Properties& properties, std::size_t index, const core::Size& size) {
  const bool sane = size.width > 0 && size.height > 0 && size.width <= kLongestSide && size.height <= kLongestSide &&
                    size.height <= kMostPixels / size.width;
  if (!sane) {
    throw core::Error(properties.path.string() + ": level " + std::to_string(index) + " claims " + std::to_string(size.width) + " x " +
                      std::to_string(size.height) + " pixels, which can't be; the header is damaged");
  }
}

bool has_shape_of_level0(const Properties& properties, const core::Size& size) {
  const core::Size& level0 = properties.levels.front().size;
  // A pixel of rounding, two per cent of padding. Of a long, flat slide the short side of a small level says nothing, but the long one
  // does.
  const auto explains = [](std::int64_t long0, std::int64_t short0, std::int64_t along, std::int64_t across) {
    const double expected = static_cast<double>(long0) * static_cast<double>(across) / static_cast<double>(short0);
    return std::abs(expected - static_cast<double>(along)) <= 1 + 0.02 * static_cast<double>(along);
  };
  return size.width <= level0.width && size.height <= level0.height &&
         (explains(level0.width, level0.height, size.width, size.height) || explains(level0.height, level0.width, size.height, size.width));
}

void add_level(Properties& properties, const core::Size& size) {
  const core::Size& level0 = properties.levels.empty() ? size : properties.levels.front().size;
  properties.levels.push_back({size, true_downsample(level0.width, size.width), true_downsample(level0.height, size.height)});
}

void set_resolution(Properties& properties, const OpenOptions& options, std::optional<double> x, std::optional<double> y,
                    const std::string& source) {
  const std::string name = properties.path.string();
  properties.mpp_source = "unknown";
  if (options.mpp && !is_plausible_mpp(*options.mpp)) {
    throw core::UsageError(name + ": " + number_text(*options.mpp) + " um/px was given; it must be " + number_text(kFinestMpp) + " to " +
                           number_text(kCoarsestMpp));
  }
  const double across = x.value_or(y.value_or(0));
  const double down = y.value_or(across);
  const bool is_said = (x || y) && !(source.ends_with("tags") && !is_plausible_mpp(across) && !is_plausible_mpp(down));
  const bool is_possible = is_plausible_mpp(across) && is_plausible_mpp(down);
  const bool is_square = std::abs(across / down - 1) <= 0.02;
  if (options.mpp) {
    properties.mpp = options.mpp;
    properties.mpp_source = "given";
    if (is_said && is_possible && is_square) properties.own_mpp = (across + down) / 2;
    return;
  }
  if (!is_said) return;
  if (!is_possible) {
    throw core::Error(name + ": the slide says " + number_text(is_plausible_mpp(across) ? down : across) + " um/px, which can't be; " +
                      kGiveMpp);
  }
  if (!is_square) {
    throw core::Error(name + ": the slide says " + number_text(across) + " um/px across but " + number_text(down) + " down; " + kGiveMpp);
  }
  properties.mpp = (across + down) / 2;
  properties.mpp_source = source;
}

void warn_of_contradictions(Properties& properties, std::optional<double> tags_mpp) {
  if (!properties.mpp || properties.mpp_source == "given") return;
  const double mpp = *properties.mpp;
  const std::string says = "the slide says " + number_text(mpp) + " um/px (" + properties.mpp_source + "), which is taken, ";
  if (tags_mpp && is_plausible_mpp(*tags_mpp) && std::abs(*tags_mpp / mpp - 1) > kTagsDiffer)
    properties.warnings.push_back(says + "but its resolution tags " + number_text(*tags_mpp) + "; if that is right, " + kGiveMpp);
  if (!properties.objective_power || *properties.objective_power <= 0) return;
  const double product = mpp * *properties.objective_power;
  if (product < kLeastProduct || product > kMostProduct) {
    properties.warnings.push_back(says + "and an objective of " + number_text(*properties.objective_power) + "x, which goes with about " +
                                  number_text(kUsualProduct / *properties.objective_power) + "; if that is right, " + kGiveMpp);
  }
}

ReadError read_error(const Properties& properties, int level, const core::Rect& region, const std::string& reason) {
  return ReadError(properties.path.string() + ": level " + std::to_string(level) + ", " + std::to_string(region.width) + " x " +
                   std::to_string(region.height) + " pixels at (" + std::to_string(region.x) + ", " + std::to_string(region.y) +
                   ") can't be read: " + reason);
}

void fill_outside(const Properties& properties, const core::Rect& region, const core::Rect& inside, core::ImageView<std::uint8_t> target) {
  if (inside != region) core::fill(target, properties.background);
}

}  // namespace wsi_lpd::slide
