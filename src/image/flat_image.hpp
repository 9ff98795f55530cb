#pragma once
// Private to src/image: images whose pixels lie in a file as they are, or are put into one.
#include "wsi_lpd/image/pyramid_file.hpp"

namespace wsi_lpd::image {

/// Decodes the whole into a nameless file in TMPDIR.
std::unique_ptr<PyramidFile> open_decoded(const std::filesystem::path& path, ImageKind::Format format);
/// Not libvips' own reading, which maps the file into memory: one that is truncated meanwhile would end the program.
std::unique_ptr<PyramidFile> open_vips(const std::filesystem::path& path);

}  // namespace wsi_lpd::image
