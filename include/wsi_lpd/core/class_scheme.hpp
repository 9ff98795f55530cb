#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace wsi_lpd::core {

// Every function here is thread-safe.

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Colour&) const = default;
};

/// "#rrggbb" to a colour; throws UsageError that names the text when it is anything else.
Colour parse_colour(const std::string& text);
std::string to_string(const Colour& colour);

/// Label values of a result raster: 0 is not tissue, class c (from 0) is c + 1, 254 is unreadable.
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

/// The classes of `count` digits in patch names where the user names none: for 4 digits TUM, STR, LYM and NEC, as in the BCSS data set, for
/// any other number class1, class2, …. The colours can be told apart by colour-blind people.
ClassScheme default_class_scheme(int count);

/// Throws UsageError when the scheme is empty, too large, has doubled or empty names, or a wrong number of colours.
void validate(const ClassScheme& scheme);

}  // namespace wsi_lpd::core
