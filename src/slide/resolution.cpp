#include "wsi_lpd/slide/resolution.hpp"

#include <cmath>

#include "describe.hpp"

namespace wsi_lpd::slide {

double checked_mpp(std::optional<double> mpp, const std::string& text) {
  if (mpp && is_plausible_mpp(*mpp)) return *mpp;
  throw core::Error("mpp '" + text + "' is no number of um per pixel from " + number_text(kFinestMpp) + " to " + number_text(kCoarsestMpp));
}

std::vector<std::string> check_resolution(const Properties& properties, const core::Frame& frame, bool force) {
  std::vector<std::string> warnings = properties.warnings;
  if (properties.own_mpp) {
    const double ratio = *properties.mpp / *properties.own_mpp;
    if (std::abs(ratio - 1) > kOtherMpp) {
      warnings.push_back("the given " + number_text(*properties.mpp) + " um/px overrule the " + number_text(*properties.own_mpp) +
                         " that the slide says: areas come out " + number_text(ratio * ratio) + " times as large");
    }
  }
  const double factor = frame.enlargement();
  if (factor <= kMuchEnlarged * (1 + 1e-9)) return warnings;
  const std::string line = "the slide has " + number_text(frame.slide_mpp) + " um/px (" + properties.mpp_source + ") and is enlarged " +
                           number_text(factor) + " times to the " + number_text(frame.mpp) + " um/px that are wanted";
  if (factor > kMostEnlarged * (1 + 1e-9) && !force)
    throw core::Error(line + ": give the right resolution with --mpp, or --force-mpp to go on with this one");
  warnings.push_back(line + ": if that is not the scan's resolution, give --mpp");
  return warnings;
}

}  // namespace wsi_lpd::slide
