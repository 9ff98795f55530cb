#pragma once
#include <string>

#include "wsi_lpd/core/utf8.hpp"

namespace wsi_lpd::core {

/// `json` with every text and key as utf8_of_bytes() writes it. `Json` is a class of nlohmann/json.
template <class Json>
Json with_utf8(const Json& json) {
  if (json.is_string()) return utf8_of_bytes(json.template get_ref<const std::string&>());
  Json copy = json;
  if (json.is_object()) copy.clear();
  if (json.is_object())
    for (const auto& [key, value] : json.items()) copy[utf8_of_bytes(key)] = with_utf8(value);
  if (json.is_array())
    for (Json& each : copy) each = with_utf8(each);
  return copy;
}

/// `json` as text in UTF-8, whatever bytes are in it (with_utf8). `indent`: blanks a level, -1: all on one line; `ascii`: other characters
/// as \u escapes. Every JSON that holds names of files or what a person wrote is written by this. Thread-safe.
template <class Json>
std::string json_text(const Json& json, int indent = -1, bool ascii = false) {
  try {
    return json.dump(indent, ' ', ascii);
  } catch (const typename Json::type_error&) {  // bytes that are no UTF-8
    return with_utf8(json).dump(indent, ' ', ascii);
  }
}

}  // namespace wsi_lpd::core
