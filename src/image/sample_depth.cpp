#include "sample_depth.hpp"

namespace wsi_lpd::image {

int used_bits(std::uint32_t largest) {
  if (largest == 0) return 16;
  for (const int bits : {8, 10, 12, 14}) {
    if (largest < 1U << static_cast<unsigned>(bits)) return bits;
  }
  return 16;
}

std::string depth_note(int used_bits, std::uint32_t largest) {
  if (used_bits == 16) return {};
  return "its 16-bit samples reach " + std::to_string(largest) + ": they are taken as " + std::to_string(used_bits) + " bits";
}

}  // namespace wsi_lpd::image
