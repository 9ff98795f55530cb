#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "wsi_lpd/slide/reader.hpp"

namespace wsi_lpd::slide {

struct OpenOptions {
  std::optional<double> mpp;  ///< µm/px of level 0; wins over what the slide says
};

/// Opens a slide. OpenSlide reads it where OpenSlide knows the format. Otherwise it is read as an image (image/pyramid_file.hpp): OME-TIFF,
/// TIFF in strips or JPEG 2000, PNG, JPEG, VIPS. Throws Error with the path: what why_no_slide() (archive_file.hpp) says, no levels,
/// damaged, impossible sizes or µm/px. Throws UsageError when the given µm/px is impossible. Thread-safe. The first call for an image
/// starts libvips for the whole process (image/library.hpp).
std::unique_ptr<Reader> open(const std::filesystem::path& path, const OpenOptions& options = {});

/// "OpenSlide 3.4.1": the library in use.
std::string library_version();

}  // namespace wsi_lpd::slide
