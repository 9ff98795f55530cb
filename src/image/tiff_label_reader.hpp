#pragma once
// Private to src/image.
#include "wsi_lpd/image/label_reader.hpp"

namespace wsi_lpd::image {

std::unique_ptr<LabelReader> open_tiff_labels(const std::filesystem::path& path, int level);

}  // namespace wsi_lpd::image
