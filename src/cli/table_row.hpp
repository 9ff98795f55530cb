#pragma once
// Rows of what `doctor` prints.
#include <iostream>
#include <string>

namespace wsi_lpd::cli {

/// `text` with blanks up to `width`, at least one.
inline std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

inline void print_row(const std::string& name, const std::string& value) { std::cout << "  " << padded(name, 16) << value << "\n"; }

}  // namespace wsi_lpd::cli
