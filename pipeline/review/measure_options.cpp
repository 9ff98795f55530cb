#include "wsi_lpd/pipeline/review/measure_options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <tuple>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

/// The finite number that all of `text` is.
std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

/// What stands before the last colon, and behind it; nothing before where there is no colon.
std::pair<std::string, std::string> at_last_colon(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {"", text};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

Bands parse_bands(const std::string& text) {
  const auto [of, list] = at_last_colon(text);
  Bands bands{of, {}};
  std::istringstream fields(list + ",");
  for (std::string field; std::getline(fields, field, ',');) {
    const auto bound = number_of(field);
    if (!bound)
      throw core::UsageError("'" + field + "' is no number; a class and bounds in um, without unit, are wanted, such as TUM:-500,0,500");
    if (!bands.bounds.empty() && *bound <= bands.bounds.back())
      throw core::UsageError("the bounds must ascend, and " + field + " is not above the bound before it");
    bands.bounds.push_back(*bound);
  }
  if (bands.bounds.size() < 2) throw core::UsageError("has one bound; a band lies between two, such as 0,500");
  return bands;
}

DistanceBetween parse_distance(const std::string& text) {
  DistanceBetween distance;
  auto [classes, last] = at_last_colon(text);
  if (classes.find(':') != std::string::npos) {
    const auto maximum = number_of(last);
    if (!maximum || *maximum <= 0)
      throw core::UsageError("'" + last + "' is no maximum in um above 0, without unit; class names in it can't have a colon");
    distance.maximum = *maximum;
  } else {
    classes = text;
  }
  std::tie(distance.from, distance.to) = at_last_colon(classes);
  if (distance.from.empty() || distance.to.empty())
    throw core::UsageError("two classes are wanted, such as LYM:TUM, and perhaps a maximum in um, such as LYM:TUM:200");
  if (distance.from == distance.to) throw core::UsageError("is from a class to itself; two classes are wanted");
  return distance;
}

SquareGrid parse_grid(const std::string& text) {
  constexpr std::string_view kUnit = "mm2";
  const std::size_t colon = text.find(':');
  const std::string size = text.substr(0, colon);
  const auto area = size.ends_with(kUnit) ? number_of(size.substr(0, size.size() - kUnit.size())) : std::nullopt;
  if (!area || *area <= 0 || colon == std::string::npos || colon + 1 == text.size())
    throw core::UsageError("an area in mm2 and a class are wanted, such as 1mm2:LYM");
  return {*area, text.substr(colon + 1)};
}

std::vector<std::string> classes_in(const MeasureOptions& options) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const Bands& bands : options.class_bands) add(bands.of);
  for (const DistanceBetween& distance : options.distances) add(distance.from), add(distance.to);
  if (options.grid) add(options.grid->of);
  return names;
}

}  // namespace wsi_lpd::pipeline::review
