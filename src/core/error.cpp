#include "wsi_lpd/core/error.hpp"

#include <algorithm>
#include <string_view>

namespace wsi_lpd::core {
namespace {

constexpr std::string_view kLeftOut = " … ";
constexpr std::size_t kEnd = 400;  ///< bytes of what stands after kLeftOut: what to do comes last
constexpr std::size_t kStart = kLongestLine - kEnd - kLeftOut.size();

}  // namespace

std::string one_line(std::string text) {
  if (text.size() > kLongestLine) {
    const auto is_inside = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; };  // a character of UTF-8
    std::size_t start = kStart, end = text.size() - kEnd;
    while (start > kStart - 3 && is_inside(start)) --start;
    while (end < text.size() - kEnd + 3 && is_inside(end)) ++end;
    text.replace(start, end - start, kLeftOut);
  }
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 127; }, ' ');
  return text;
}

}  // namespace wsi_lpd::core
