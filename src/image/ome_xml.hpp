#pragma once
// Private to src/image.
#include <optional>
#include <string>

#include "wsi_lpd/core/geometry.hpp"

namespace wsi_lpd::image {

/// Every OME-XML names it.
inline constexpr const char* kOmeNamespace = "openmicroscopy.org/Schemas/OME";

/// What a <Pixels> of an OME-XML says.
struct OmePixels {
  core::Size size;
  std::int64_t planes = 1;             ///< Z × T × channels that are not samples of one plane
  int significant_bits = 0;            ///< 0 where it is not said
  std::optional<double> mpp_x, mpp_y;  ///< nothing where it is not said, or not as a length
};

/// The first <Pixels> of `size`, or the first of all where none has it. Nothing when `description` is not OME-XML. Throws Error when it is,
/// but has no <Pixels> with a size.
std::optional<OmePixels> parse_ome_xml(const std::string& description, core::Size size);

}  // namespace wsi_lpd::image
