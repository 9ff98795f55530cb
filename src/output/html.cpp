#include "html.hpp"

#include <glib.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

namespace wsi_lpd::output {

std::string html(const std::string& text) {
  const std::unique_ptr<gchar, void (*)(gpointer)> valid(g_utf8_make_valid(text.data(), static_cast<gssize>(text.size())), g_free);
  std::string escaped;
  for (const char* at = valid.get(); *at; ++at) {
    switch (*at) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += static_cast<unsigned char>(*at) < 32 ? ' ' : *at;
    }
  }
  return escaped;
}

std::string link(const std::filesystem::path& path) {
  static constexpr char kPlain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  std::string url;
  for (const char byte : path.generic_string()) {
    if (byte != '\0' && std::char_traits<char>::find(kPlain, sizeof kPlain - 1, byte)) {
      url += byte;
    } else {
      char code[4];
      std::snprintf(code, sizeof code, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(byte)));
      url += code;
    }
  }
  return url;
}

std::string json_for_script(std::string json) {
  for (std::size_t at = 0; (at = json.find('<', at)) != std::string::npos;) json.replace(at, 1, "\\u003c");
  return json;
}

std::string short_number(double value) {
  if (!std::isfinite(value)) return "–";
  const double size = std::abs(value);
  const int decimals = size == 0 ? 0 : std::clamp(2 - static_cast<int>(std::floor(std::log10(size))), 0, 6);
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string percent(const std::optional<double>& fraction) {
  if (!fraction) return "–";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * *fraction);
  return text;
}

std::string grouped(std::int64_t count) {
  std::string digits = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > (count < 0 ? 1 : 0); at -= 3)
    digits.insert(static_cast<std::size_t>(at), "\u202f");
  return digits;
}

std::string duration(double seconds) {
  char text[48];
  if (seconds < 60) {
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  } else if (seconds < 3600) {
    std::snprintf(text, sizeof text, "%.0f min %.0f s", std::floor(seconds / 60), std::floor(std::fmod(seconds, 60)));
  } else {
    std::snprintf(text, sizeof text, "%.0f h %.0f min", std::floor(seconds / 3600), std::floor(std::fmod(seconds, 3600) / 60));
  }
  return text;
}

std::string definition(const std::string& term, const std::string& value_html) {
  return "<dt>" + html(term) + "</dt><dd>" + value_html + "</dd>\n";
}

}  // namespace wsi_lpd::output
