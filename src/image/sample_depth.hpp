#pragma once
// Private to src/image: how many of their 16 bits samples use. Microscope cameras write 10, 12 or 14 bits in 16, and programs 8.
#include <cstdint>
#include <string>

namespace wsi_lpd::image {

/// 8, 10, 12, 14 or 16 by the largest sample seen. Glass is nearly as bright as a sample can be, so it is there in every slide and most
/// patches of slides. 16 for an image that is black.
int used_bits(std::uint32_t largest);

struct SampleDepth {
  int bits = 16;     ///< 8 to 16
  std::string note;  ///< "its 16-bit samples reach 4080: they are taken as 12 bits"; empty for 16
};
/// By the `said` bits where the file says less than 16 (0: it says nothing) and no sample is larger, else by the `largest` sample.
SampleDepth depth_of(int said, std::uint32_t largest);

}  // namespace wsi_lpd::image
