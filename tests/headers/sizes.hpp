#pragma once
#include <cstddef>
#include <map>
#include <string>

namespace wsi_lpd::testing {

/// Sizes of all public types, bytes, by their names, where all public headers are included in the order of their names, and in the reverse
/// order. Generated.
std::map<std::string, std::size_t> sizes_forward();
std::map<std::string, std::size_t> sizes_reverse();

}  // namespace wsi_lpd::testing
