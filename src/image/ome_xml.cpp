#include "ome_xml.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::image {
namespace {

constexpr const char* kSpace = " \t\r\n";

/// Where the next element `name` (with or without a namespace prefix) stands from `from` on: at its name.
std::size_t find_element(const std::string& xml, const std::string& name, std::size_t from) {
  for (std::size_t at = xml.find(name, from); at != std::string::npos; at = xml.find(name, at + 1)) {
    const std::size_t after = at + name.size();
    const bool starts = at > 0 && (xml[at - 1] == '<' || xml[at - 1] == ':');
    if (starts && after < xml.size() && std::string(kSpace).find(xml[after]) != std::string::npos) return at;
  }
  return std::string::npos;
}

/// Attributes of the first element `name` from `from` on; empty when there is none.
std::map<std::string, std::string> attributes_of(const std::string& xml, const std::string& name, std::size_t from) {
  const std::size_t at = find_element(xml, name, from);
  std::map<std::string, std::string> attributes;
  if (at == std::string::npos) return attributes;
  for (std::size_t i = xml.find_first_not_of(kSpace, at + name.size()); i != std::string::npos && xml[i] != '>' && xml[i] != '/';) {
    const std::size_t equals = xml.find('=', i);
    const std::size_t quote = equals == std::string::npos ? equals : xml.find_first_of("\"'", equals);
    const std::size_t end = quote == std::string::npos ? quote : xml.find(xml[quote], quote + 1);
    if (end == std::string::npos) break;
    attributes[xml.substr(i, xml.find_last_not_of(kSpace, equals - 1) + 1 - i)] = xml.substr(quote + 1, end - quote - 1);
    i = xml.find_first_not_of(kSpace, end + 1);
  }
  return attributes;
}

template <class Number>
std::optional<Number> number(const std::map<std::string, std::string>& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  if (found == attributes.end()) return {};
  const std::string& text = found->second;
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// Micrometres per unit; the micro sign comes as itself, as the Greek letter, or as a character reference.
std::optional<double> micrometres(const std::string& unit) {
  static const std::map<std::string, double> known{{"m", 1e6},     {"cm", 1e4},    {"mm", 1e3},      {"\u00b5m", 1},   {"\u03bcm", 1},
                                                   {"&#181;m", 1}, {"&#xB5;m", 1}, {"&#xb5;m", 1},   {"&#956;m", 1},   {"um", 1},
                                                   {"nm", 1e-3},   {"pm", 1e-6},   {"\u00c5", 1e-4}, {"\u212b", 1e-4}, {"in", 25400}};
  const auto found = known.find(unit);
  return found == known.end() ? std::nullopt : std::optional(found->second);
}

std::optional<double> mpp(const std::map<std::string, std::string>& pixels, const std::string& axis) {
  const auto size = number<double>(pixels, "PhysicalSize" + axis);
  const auto unit = pixels.find("PhysicalSize" + axis + "Unit");
  const auto scale = unit == pixels.end() ? std::optional(1.0) : micrometres(unit->second);
  return size && scale && std::isfinite(*size) ? std::optional(*size * *scale) : std::nullopt;
}

/// The <Pixels> that stands at `at`.
OmePixels pixels_at(const std::string& xml, std::size_t at) {
  const auto attributes = attributes_of(xml, "Pixels", at);
  const auto width = number<std::int64_t>(attributes, "SizeX"), height = number<std::int64_t>(attributes, "SizeY");
  if (!width || !height || *width < 1 || *height < 1) throw core::Error("its OME-XML says no size of the image that can be");
  OmePixels pixels;
  pixels.size = {*width, *height};
  const auto count = [](std::optional<std::int64_t> value) { return std::clamp<std::int64_t>(value.value_or(1), 1, 1'000'000); };
  const std::int64_t samples = count(number<std::int64_t>(attributes_of(xml, "Channel", at), "SamplesPerPixel"));
  pixels.planes = count(number<std::int64_t>(attributes, "SizeZ")) * count(number<std::int64_t>(attributes, "SizeT")) *
                  core::divide_up(count(number<std::int64_t>(attributes, "SizeC")), samples);
  pixels.significant_bits = number<int>(attributes, "SignificantBits").value_or(0);
  pixels.mpp_x = mpp(attributes, "X");
  pixels.mpp_y = mpp(attributes, "Y");
  return pixels;
}

}  // namespace

std::optional<OmePixels> parse_ome_xml(const std::string& description, core::Size size) {
  if (description.find(kOmeNamespace) == std::string::npos) return {};
  const std::size_t first = find_element(description, "Pixels", 0);
  for (std::size_t at = first; at != std::string::npos; at = find_element(description, "Pixels", at + 1)) {
    if (OmePixels pixels = pixels_at(description, at); pixels.size == size) return pixels;
  }
  if (first == std::string::npos) throw core::Error("its OME-XML says no size of the image that can be");
  return pixels_at(description, first);
}

}  // namespace wsi_lpd::image
