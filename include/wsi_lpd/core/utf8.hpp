#pragma once
#include <string>
#include <string_view>

namespace wsi_lpd::core {

// Names of files are bytes on Linux, and texts of JSON and tables for other programs are UTF-8. Both functions are thread-safe.

/// `bytes` as UTF-8: each byte that belongs to no character becomes "\xE9", so that names that differ stay different.
std::string utf8_of_bytes(std::string_view bytes);

/// The bytes that utf8_of_bytes() was given. A file whose name holds the four characters "\xE9" is taken for one with that byte.
std::string bytes_of_utf8(std::string_view text);

}  // namespace wsi_lpd::core
