#include "wsi_lpd/core/class_scheme.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::core {

Colour parse_colour(const std::string& text) {
  const bool hex = text.size() == 7 && text[0] == '#' && text.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos;
  if (!hex) throw UsageError("colour '" + text + "' is not of the form #rrggbb");
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(std::stoi(text.substr(at, 2), nullptr, 16)); };
  return {byte(1), byte(3), byte(5)};
}

std::string to_string(const Colour& colour) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", colour.red, colour.green, colour.blue);
  return text;
}

ClassScheme default_class_scheme(int count) {
  if (count == 4) {  // the colours of BCSS-WSSS
    return {{"TUM", "STR", "LYM", "NEC"}, "BACK", {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {153, 0, 255}, {255, 255, 255}}};
  }
  // Okabe & Ito's palette without black, then shades of it
  constexpr std::array<Colour, 7> kPalette{
      {{230, 159, 0}, {86, 180, 233}, {0, 158, 115}, {240, 228, 66}, {0, 114, 178}, {213, 94, 0}, {204, 121, 167}}};
  ClassScheme scheme;
  for (int c = 0; c < count; ++c) {
    scheme.names.push_back("class" + std::to_string(c + 1));
    Colour colour = kPalette[static_cast<std::size_t>(c) % kPalette.size()];
    for (int shade = c / static_cast<int>(kPalette.size()); shade > 0; --shade) {
      for (std::uint8_t* part : {&colour.red, &colour.green, &colour.blue}) *part = static_cast<std::uint8_t>(*part * 4 / 5);
    }
    scheme.colours.push_back(colour);
  }
  scheme.colours.push_back({255, 255, 255});
  return scheme;
}

void validate(const ClassScheme& scheme) {
  if (scheme.names.empty()) throw UsageError("no classes are given");
  if (scheme.count() > kMaxClasses) {
    throw UsageError(std::to_string(scheme.count()) + " classes are given; at most " + std::to_string(kMaxClasses) + " are supported");
  }
  std::set<std::string> seen;
  for (const std::string& name : scheme.names) {
    if (name.empty() || std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 32; })) {
      throw UsageError("a class name is empty or has control characters");
    }
    if (!seen.insert(name).second) throw UsageError("the class name '" + name + "' is given twice");
  }
  if (scheme.colours.size() != scheme.names.size() + 1) {
    throw UsageError(std::to_string(scheme.colours.size()) + " colours are given for " + std::to_string(scheme.names.size()) +
                     " classes; needed is one per class and one for the background");
  }
}

}  // namespace wsi_lpd::core
