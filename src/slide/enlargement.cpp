#include "wsi_lpd/slide/enlargement.hpp"

#include "describe.hpp"

namespace wsi_lpd::slide {

std::string check_enlargement(const Properties& properties, const Frame& frame, bool force) {
  const double factor = frame.enlargement();
  if (factor <= kMuchEnlarged * (1 + 1e-9)) return {};
  const std::string line = "the slide has " + number_text(frame.slide_mpp) + " um/px (" + properties.mpp_source + ") and is enlarged " +
                           number_text(factor) + " times to the " + number_text(frame.mpp) + " um/px that are wanted";
  if (factor > kMostEnlarged * (1 + 1e-9) && !force)
    throw Error(line + ": give the right resolution with --mpp, or --force-mpp to go on with this one");
  return line + ": if that is not the scan's resolution, give --mpp";
}

}  // namespace wsi_lpd::slide
