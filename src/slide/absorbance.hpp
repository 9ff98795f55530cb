#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::slide {

/// Light that the glass of a slide lets through: red, green, blue of 255.
using Light = std::array<double, 3>;

/// The brightest colour that at least 1 % of the picture shares, if it can be glass; else white, where 1 % of the picture is white;
/// else nothing. Purely white pixels come second as they may be parts that the scanner left out.
std::optional<Light> glass_light(const core::Image& rgb);

/// What a pixel takes away of the glass's light, as absorbance (decimal).
struct Absorbance {
  std::array<double, 3> channel{};  ///< red, green, blue
  double mean() const { return (channel[0] + channel[1] + channel[2]) / 3; }
  double least() const;
  /// Largest less smallest channel.
  double spread() const;
  /// Position in the hue-saturation-density plane (van der Laak et al. 2000): it does not depend on the amount of dye.
  struct Colour {
    double hue = 0;         ///< degrees, 0…360: cyan 0, haematoxylin about 80, eosin about 140, yellow 240
    double saturation = 0;  ///< 0 for grey
  };
  Colour colour() const;
};

/// Absorbances relative to one glass, from tables.
class Absorber {
 public:
  explicit Absorber(const Light& glass);
  Absorbance operator()(const std::uint8_t* rgb) const { return {{table_[0][rgb[0]], table_[1][rgb[1]], table_[2][rgb[2]]}}; }

 private:
  std::array<std::array<double, 256>, 3> table_;
};

}  // namespace wsi_lpd::slide
