#pragma once
#include <filesystem>
#include <functional>

#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::image {

/// Fills `target`, RGB and of the region's size, with a part of a picture. May throw.
using RegionReader = std::function<void(const core::Rect& region, core::ImageView<std::uint8_t> target)>;

struct DeepZoomOptions {
  int tile = 512;  ///< pixels a side; tiles do not overlap, those at the right and lower edge end with the picture
  int jpeg_quality = 82;
};

/// Cuts a picture of `size` into the tiles of a deep-zoom pyramid (libvips' dzsave), FOLDER/LEVEL/COLUMN_ROW.jpg: level 0 is one tile, each
/// further level has twice the size until the picture's own; sizes are rounded up. `read` is asked for rows of tiles, top to bottom; calls
/// come from this thread or a thread of libvips, never two at once. What `read` throws reaches the caller. Memory: three rows of tiles.
/// FOLDER must not exist. After an error the caller removes what is there. Throws Error with the path and the reason. Thread-safe for
/// different folders with different parents: a temporary `pyramid` stands beside FOLDER meanwhile.
void write_deep_zoom(const std::filesystem::path& folder, core::Size size, const RegionReader& read, const DeepZoomOptions& options = {});

}  // namespace wsi_lpd::image
