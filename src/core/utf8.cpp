#include "wsi_lpd/core/utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace wsi_lpd::core {
namespace {

/// Bytes of the character of UTF-8 that `text` begins with; 0 where it begins with none (RFC 3629: no surrogates, no longer forms).
std::size_t length_of_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  std::uint32_t code = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  return code < kSmallest[length] || code > 0x10FFFF || is_surrogate ? 0 : length;
}

/// The value of an upper-case digit of a hexadecimal number; -1 for another character.
int hexadecimal(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

}  // namespace

std::string utf8_of_bytes(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    if (const std::size_t length = length_of_character(bytes.substr(at)); length > 0) {
      text.append(bytes.substr(at, length));
      at += length;
    } else {
      const auto byte = static_cast<unsigned char>(bytes[at++]);
      text.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  return text;
}

std::string bytes_of_utf8(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    const bool is_escape = text.substr(at, 2) == "\\x" && text.size() >= at + 4;
    const int high = is_escape ? hexadecimal(text[at + 2]) : -1, low = is_escape ? hexadecimal(text[at + 3]) : -1;
    if (high >= 8 && low >= 0) {  // a byte below 0x80 is a character
      bytes += static_cast<char>(high << 4 | low);
      at += 4;
    } else {
      bytes += text[at++];
    }
  }
  return bytes;
}

}  // namespace wsi_lpd::core
