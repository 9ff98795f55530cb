#pragma once
// Private to src/image: the two kinds of LabelReader.
#include "wsi_lpd/image/image_file.hpp"

namespace wsi_lpd::image {

std::unique_ptr<LabelReader> open_png_labels(const std::filesystem::path& path, RgbLabels rgb);
std::unique_ptr<LabelReader> open_tiff_labels(const std::filesystem::path& path, int level);

}  // namespace wsi_lpd::image
