#include "wsi_lpd/slide/tissue.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absorbance.hpp"
#include "islands.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"

namespace wsi_lpd::slide {
namespace {

// Absorbances (decimal) of pixels smoothed over 3 × 3. Measured on the glass of four scanners: density up to 0.036 with shading by 20
// levels of 250, spread 0.011-0.019 at its 99.9th percentile.
constexpr double kDensity = 0.05;  // 11 % less light than glass
constexpr double kSpread = 0.02;   // 11 levels of 250 between the channels: tissue faded to a tenth still has it
constexpr double kGrey = 0.2;      // saturation below this is no colour; the palest 1 % of H&E tissue has 0.2-0.5

// Hues (see Absorbance::Colour). H&E tissue has 70-160 (99 % of the pixels of four slides), blood up to 175.
constexpr double kBluestStain = 48;    // below: blue, then green ink, back to
constexpr double kGreenestInk = 255;   // (from 200 to here it is yellow and brown: pigment, DAB; never ink)
constexpr double kReddestStain = 163;  // above: red ink, or blood
constexpr double kReddestInk = 200;
constexpr double kInkDensity = 0.25;  // of a stroke's core: the hue of what is paler is uncertain, and haematoxylin alone can be bluish
constexpr double kInkCore = 0.1;      // share of a stroke that is core
constexpr double kRedSaturation = 0.4;

constexpr double kBlack = 1.2;      // every channel lets through 6 % or less
constexpr double kBlackGrey = 0.7;  // grey, and every channel lets through 20 % or less

constexpr int kRim = 3;  // pixels: smoothing and the scanner's resampling make a stroke's edge pale

/// What a pixel alone looks like.
enum class Look : std::uint8_t { Glass, Stain, Grey, Red, Blue, Black };

struct Looks {
  std::vector<Look> look;
  std::vector<bool> core;  // dense enough that its hue is sure
  Look operator[](std::int64_t at) const { return look[static_cast<std::size_t>(at)]; }
};

/// Mean of the 3 × 3 neighbourhood, edges repeated; the noise of scanner and JPEG must not look like colour.
core::Image smoothed(const core::Image& source) {
  const auto pass = [](const core::Image& from, bool across) {
    core::Image to(from.width(), from.height(), 3);
    const std::int64_t row = 3 * from.width();
    for (std::int64_t y = 0; y < from.height(); ++y) {
      const std::uint8_t* above = from.at(0, std::max<std::int64_t>(y - 1, 0));
      const std::uint8_t* below = from.at(0, std::min(y + 1, from.height() - 1));
      const std::uint8_t* here = from.at(0, y);
      std::uint8_t* out = to.at(0, y);
      for (std::int64_t i = 0; i < row; ++i) {
        const int sum = across ? here[i < 3 ? i : i - 3] + here[i] + here[i + 3 < row ? i + 3 : i] : above[i] + here[i] + below[i];
        out[i] = static_cast<std::uint8_t>((sum + 1) / 3);
      }
    }
    return to;
  };
  return pass(pass(source, true), false);
}

Look look_of(const Absorbance& absorbance, bool has_glass) {
  const double density = absorbance.mean();
  if (has_glass && density <= kDensity && absorbance.spread() <= kSpread) return Look::Glass;
  if (absorbance.least() >= kBlack) return Look::Black;
  const Absorbance::Colour colour = absorbance.colour();
  if (colour.saturation < kGrey) return absorbance.least() >= kBlackGrey ? Look::Black : density > kDensity ? Look::Grey : Look::Stain;
  if (density <= kDensity) return Look::Stain;
  if (colour.hue < kBluestStain || colour.hue > kGreenestInk) return Look::Blue;
  if (colour.hue > kReddestStain && colour.hue < kReddestInk && colour.saturation > kRedSaturation) return Look::Red;
  return Look::Stain;
}

Looks look_at(const core::Image& rgb) {
  const core::Image picture = smoothed(rgb);
  const std::optional<Light> glass = glass_light(picture);
  const Absorber absorber(glass.value_or(Light{255, 255, 255}));
  const std::size_t pixels = picture.bytes() / 3;
  Looks looks{std::vector<Look>(pixels), std::vector<bool>(pixels)};
  for (std::size_t i = 0; i < pixels; ++i) {
    const Absorbance absorbance = absorber(picture.data() + 3 * i);
    looks.look[i] = look_of(absorbance, glass.has_value());
    looks.core[i] = absorbance.mean() > kInkDensity;
  }
  return looks;
}

/// The parts of a picture under construction.
class PartMap {
 public:
  PartMap(core::Size size, const Looks& looks, std::int64_t smallest)
      : size_(size), looks_(looks), smallest_(smallest), parts_(size.width, size.height, 1) {
    for (std::int64_t i = 0; i < size.area(); ++i) set(i, looks[i] == Look::Glass ? core::Part::Glass : core::Part::Tissue);
  }

  /// Islands of one look become `part` where `accept` says so.
  template <class Accept>
  void take_out(Look look, core::Part part, Accept accept) {
    for_each_island(
        size_, [&](std::int64_t at) { return looks_[at] == look; },
        [&](const std::vector<std::int64_t>& island) {
          if (static_cast<std::int64_t>(island.size()) < smallest_ || !accept(island)) return;
          for (const std::int64_t at : island) set(at, part);
        });
  }

  /// What was taken out takes its pale rim with it.
  void grow_what_is_out() {
    for (int step = 0; step < kRim; ++step) {
      const core::Image before = parts_;
      for (std::int64_t at = 0; at < size_.area(); ++at) {
        if (before.data()[at] != static_cast<std::uint8_t>(core::Part::Tissue)) continue;
        for_each_neighbour(size_, at, [&](std::int64_t neighbour) {
          if (is_out(static_cast<core::Part>(before.data()[neighbour]))) set(at, static_cast<core::Part>(before.data()[neighbour]));
        });
      }
    }
  }

  void fill_holes(std::int64_t largest) {
    for_each_island(
        size_, [&](std::int64_t at) { return get(at) == core::Part::Glass; },
        [&](const std::vector<std::int64_t>& island) {
          if (static_cast<std::int64_t>(island.size()) >= largest) return;
          bool inside = true;
          for (const std::int64_t at : island) for_each_neighbour(size_, at, [&](std::int64_t next) { inside &= !is_out(get(next)); });
          if (!inside) return;
          for (const std::int64_t at : island) set(at, core::Part::Tissue);
        });
  }

  void drop_specks() {
    for_each_island(
        size_, [&](std::int64_t at) { return get(at) == core::Part::Tissue; },
        [&](const std::vector<std::int64_t>& island) {
          if (static_cast<std::int64_t>(island.size()) >= smallest_) return;
          for (const std::int64_t at : island) set(at, core::Part::Debris);
        });
  }

  bool mostly_core(const std::vector<std::int64_t>& island) const {
    const auto core =
        std::count_if(island.begin(), island.end(), [&](std::int64_t at) { return looks_.core[static_cast<std::size_t>(at)]; });
    return static_cast<double>(core) >= kInkCore * static_cast<double>(island.size());
  }

  /// Is at least half of what surrounds it glass?
  bool lies_on_glass(const std::vector<std::int64_t>& island) const {
    const std::vector<std::int64_t> around = ring(size_, island, kRim + 2);
    return !around.empty() && 2 * std::count_if(around.begin(), around.end(), [&](std::int64_t at) { return looks_[at] == Look::Glass; }) >=
                                  static_cast<std::ptrdiff_t>(around.size());
  }

  core::Image release() { return std::move(parts_); }

 private:
  static bool is_out(core::Part part) { return part == core::Part::Ink || part == core::Part::Black || part == core::Part::Debris; }
  core::Part get(std::int64_t at) const { return static_cast<core::Part>(parts_.data()[at]); }
  void set(std::int64_t at, core::Part part) { parts_.data()[at] = static_cast<std::uint8_t>(part); }

  core::Size size_;
  const Looks& looks_;
  std::int64_t smallest_;
  core::Image parts_;
};

}  // namespace

core::Image find_parts(const core::Image& rgb, double mpp, const TissueOptions& options, const std::vector<core::Rect>& unreadable) {
  const core::Size size{rgb.width(), rgb.height()};
  const auto pixels = [&](double mm2) {
    const double wanted = mpp > 0 ? mm2 * 1e6 / (mpp * mpp) : static_cast<double>(size.area()) / 20000;
    return static_cast<std::int64_t>(std::clamp(wanted, 1.0, 1e15));
  };
  const Looks looks = look_at(rgb);
  PartMap map(size, looks, pixels(options.smallest_mm2));
  map.take_out(Look::Black, core::Part::Black, [](const auto&) { return true; });
  map.take_out(Look::Blue, core::Part::Ink, [&](const auto& island) { return map.mostly_core(island); });
  map.take_out(Look::Red, core::Part::Ink, [&](const auto& island) { return map.mostly_core(island) && map.lies_on_glass(island); });
  const auto how_many = [&](Look look) { return std::count(looks.look.begin(), looks.look.end(), look); };
  if (how_many(Look::Stain) > how_many(Look::Grey))
    map.take_out(Look::Grey, core::Part::Debris, [&](const auto& island) { return map.lies_on_glass(island); });
  map.grow_what_is_out();
  map.fill_holes(pixels(options.largest_hole_mm2));
  map.drop_specks();
  core::Image parts = map.release();
  for (const core::Rect& part : unreadable) {
    for (std::int64_t y = part.y; y < part.bottom(); ++y)
      std::fill_n(parts.at(part.x, y), part.width, static_cast<std::uint8_t>(core::Part::Tissue));
  }
  return parts;
}

core::Image with_rim(const core::Image& parts) {
  core::Image wider = parts;
  for (std::int64_t y = 0; y < parts.height(); ++y) {
    for (std::int64_t x = 0; x < parts.width(); ++x) {
      if (*parts.at(x, y) != static_cast<std::uint8_t>(core::Part::Tissue)) continue;
      for (std::int64_t v = std::max<std::int64_t>(y - 1, 0); v < std::min(y + 2, parts.height()); ++v) {
        for (std::int64_t u = std::max<std::int64_t>(x - 1, 0); u < std::min(x + 2, parts.width()); ++u) {
          if (*parts.at(u, v) == static_cast<std::uint8_t>(core::Part::Glass))
            *wider.at(u, v) = static_cast<std::uint8_t>(core::Part::Tissue);
        }
      }
    }
  }
  return wider;
}

core::TissueMask tissue_of_parts(const core::Image& parts, const core::Rect& area) {
  core::TissueMask tissue{core::Image(parts.width(), parts.height(), 1), area};
  for (std::size_t i = 0; i < parts.bytes(); ++i) tissue.mask.data()[i] = parts.data()[i] == static_cast<std::uint8_t>(core::Part::Tissue);
  return tissue;
}

core::TissueMask find_tissue(const Reader& reader, const TissueOptions& options) {
  const Properties& properties = reader.properties();
  std::vector<core::Rect> unreadable;
  const core::Image picture = thumbnail(reader, options.longest, &unreadable);
  const double mpp = properties.mpp.value_or(0) * static_cast<double>(properties.bounds.width) / static_cast<double>(picture.width());
  return find_tissue(picture, properties.bounds, mpp, options, unreadable);
}

core::TissueMask find_tissue(const core::Image& rgb, const core::Rect& area, double mpp, const TissueOptions& options,
                             const std::vector<core::Rect>& unreadable) {
  return tissue_of_parts(find_parts(rgb, mpp, options, unreadable), area);
}

core::TissueMask tissue_from_image(const core::Image& mask, const Properties& slide) {
  const double mask_ratio = static_cast<double>(mask.width()) / static_cast<double>(mask.height());
  const core::Size& level0 = slide.levels.front().size;
  for (const core::Rect& area : {core::Rect{0, 0, level0.width, level0.height}, slide.bounds}) {
    const double ratio = static_cast<double>(area.width) / static_cast<double>(area.height);
    if (std::abs(mask_ratio / ratio - 1) <= 0.02) return {mask, area};
  }
  throw core::Error(slide.path.string() + ": the tissue mask is " + std::to_string(mask.width()) + " x " + std::to_string(mask.height()) +
                    " pixels, another shape than the slide's " + std::to_string(level0.width) + " x " + std::to_string(level0.height));
}

}  // namespace wsi_lpd::slide
