#include "sample_depth.hpp"

namespace wsi_lpd::image {

int used_bits(std::uint32_t largest) {
  if (largest == 0) return 16;
  for (const int bits : {8, 10, 12, 14}) {
    if (largest < 1U << static_cast<unsigned>(bits)) return bits;
  }
  return 16;
}

SampleDepth depth_of(int said, std::uint32_t largest) {
  SampleDepth depth{.bits = used_bits(largest), .note = {}};
  const bool is_right = said >= 8 && said < 16 && largest < 1U << static_cast<unsigned>(said);
  if (is_right) depth.bits = said;
  if (depth.bits < 16) {
    depth.note = "its 16-bit samples reach " + std::to_string(largest) + ": they are taken as " + std::to_string(depth.bits) + " bits" +
                 (is_right ? ", as the file says" : "");
  }
  return depth;
}

}  // namespace wsi_lpd::image
