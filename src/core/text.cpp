#include "wsi_lpd/core/text.hpp"

#include <charconv>
#include <cmath>
#include <ctime>
#include <iterator>

namespace wsi_lpd {

std::string joined(const std::vector<std::string>& words, const std::string& separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

std::string shortest(double value) {
  char digits[32];
  return {digits, std::to_chars(std::begin(digits), std::end(digits), value).ptr};
}

std::string fixed(double value, int decimals) {
  if (!std::isfinite(value)) return "–";
  char digits[400];  // the largest double has 309 before the point
  return {digits, std::to_chars(std::begin(digits), std::end(digits), value, std::chars_format::fixed, decimals).ptr};
}

std::string local_time(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[32] = "";
  std::strftime(text, sizeof text, format, &parts);
  return text;
}

}  // namespace wsi_lpd
