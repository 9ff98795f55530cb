#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::image {

/// A user's mask as 1 inside and 0 outside, one channel, out of a PNG, JPEG or TIFF of 1 to 32 bits, integers or floats. Inside is what is
/// not 0 in at least one channel, and not fully transparent; NaN is outside. Three kinds have a rule of their own:
///  - JPEG, also within TIFF, blurs edges: inside is what has at least half of the largest value in the image.
///  - Indexed images: black and transparent colours are outside, whatever their index; where no pixel is black or transparent, or all are
///    black, index 0 is outside.
///  - TIFF whose 0 is white (PhotometricInterpretation 0): the stored value counts, but in fax compressions what is shown.
/// Puts lines into `warnings`: all inside, all outside, a palette or a white 0 that can be read either way. Throws Error
/// with the path and the reason. Thread-safe.
core::Image read_mask(const std::filesystem::path& path, std::vector<std::string>* warnings = nullptr);

}  // namespace wsi_lpd::image
