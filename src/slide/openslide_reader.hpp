#pragma once
// Private to src/slide.
#include "wsi_lpd/slide/open.hpp"

namespace wsi_lpd::slide {

/// Throws Error with the path and OpenSlide's reason.
std::unique_ptr<Reader> open_with_openslide(const std::filesystem::path& path, const OpenOptions& options);

}  // namespace wsi_lpd::slide
