#include "wsi_lpd/core/geometry.hpp"

#include <cmath>
#include <string>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::core {

Frame make_frame(const Rect& bounds, double slide_mpp, double model_mpp) {
  Frame frame;
  frame.bounds = bounds;
  frame.slide_mpp = slide_mpp;
  frame.scale = slide_mpp > 0 && model_mpp > 0 ? model_mpp / slide_mpp : 1.0;
  frame.mpp = slide_mpp * frame.scale;
  frame.size = {std::llround(static_cast<double>(bounds.width) / frame.scale),
                std::llround(static_cast<double>(bounds.height) / frame.scale)};
  // TIFF and libvips count pixels of a side in 31 bits.
  constexpr std::int64_t kLongestSide = (std::int64_t{1} << 31) - 1;
  if (frame.size.width < 1 || frame.size.height < 1 || frame.size.width > kLongestSide || frame.size.height > kLongestSide) {
    throw Error("a slide of " + std::to_string(bounds.width) + " x " + std::to_string(bounds.height) + " pixels would give a result of " +
                std::to_string(frame.size.width) + " x " + std::to_string(frame.size.height) + " pixels at " + shortest(frame.mpp) +
                " um/px: check --mpp");
  }
  return frame;
}

}  // namespace wsi_lpd::core
