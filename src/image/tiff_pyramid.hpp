#pragma once
// Private to src/image: TIFFs in tiles.
#include "wsi_lpd/image/pyramid_file.hpp"

namespace wsi_lpd::image {

/// Not libvips' tiffload, which (8.14) hands out black for a tile that failed once, to other threads even the first time, keeps two rows of
/// tiles of each level, whatever their width, refuses tiles in separate planes, and takes all JPEG 2000 for YCbCr. libtiff decodes the
/// tiles, libvips those in JPEG 2000. Nothing for a TIFF whose slide lies in strips.
std::unique_ptr<PyramidFile> open_tiled_tiff(const std::filesystem::path& path);

}  // namespace wsi_lpd::image
