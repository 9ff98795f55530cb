#pragma once
// Private to src/slide.
#include "wsi_lpd/slide/open.hpp"

namespace wsi_lpd::slide {

/// What OpenSlide does not open, through libvips and libtiff. Throws Error with the path and the reason.
std::unique_ptr<Reader> open_image(const std::filesystem::path& path, const OpenOptions& options);

}  // namespace wsi_lpd::slide
