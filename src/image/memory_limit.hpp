#pragma once
// Private to src/image.
#include <cstdint>

namespace wsi_lpd::image {

/// A header promises pixels; nothing is allocated for more bytes than this.
inline constexpr std::int64_t kMostBytesInMemory = std::int64_t{1} << 31;

}  // namespace wsi_lpd::image
