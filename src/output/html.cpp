#include "html.hpp"

#include <glib.h>

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

std::string definition(const std::string& term, const std::string& value_html) {
  return "<dt>" + html(term) + "</dt><dd>" + value_html + "</dd>\n";
}

}  // namespace wsi_lpd::output
