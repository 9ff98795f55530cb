#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace wsi_lpd {

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Colour&) const = default;
};

/// "#rrggbb" to a colour; throws UsageError that names the text when it is anything else.
Colour parse_colour(const std::string& text);
std::string to_string(const Colour& colour);

/// Label values of a result raster: 0 is not tissue, class c is c + 1.
inline constexpr std::uint8_t kNotTissue = 0;
inline constexpr std::uint8_t kUnreadable = 254;
inline constexpr int kMaxClasses = 64;

/// The names and colours of a model's or a data set's classes. `colours` has one more entry than `names`: the background's.
struct ClassScheme {
  std::vector<std::string> names;
  std::string background = "background";
  std::vector<Colour> colours;
  bool operator==(const ClassScheme&) const = default;
  int count() const { return static_cast<int>(names.size()); }
};

/// What `count` digits in patch names mean when nobody says: 4 are BCSS's TUM STR LYM NEC, any other number class1… in a palette
/// that colour-blind people tell apart.
ClassScheme default_class_scheme(int count);

/// Throws UsageError when the scheme is empty, too large, has doubled or empty names, or a wrong number of colours.
void validate(const ClassScheme& scheme);

}  // namespace wsi_lpd
