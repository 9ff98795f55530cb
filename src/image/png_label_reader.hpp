#pragma once
// Private to src/image.
#include "wsi_lpd/image/label_reader.hpp"

namespace wsi_lpd::image {

std::unique_ptr<LabelReader> open_png_labels(const std::filesystem::path& path, RgbLabels rgb);

}  // namespace wsi_lpd::image
