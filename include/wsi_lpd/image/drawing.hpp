#pragma once
#include <string>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::image {

/// Draws `text` (plain, never markup) in `colour` with its top left at (x, y), clipped to the RGB `target`. Returns the drawn size.
Size draw_text(Image& target, std::int64_t x, std::int64_t y, const std::string& text, Colour colour, int pixel_height);
void fill_rect(Image& target, const Rect& rect, Colour colour);
/// What a resize reads between pixels with; where it makes smaller, wide enough to see every source pixel.
enum class Kernel { Linear, Cubic };
/// Resize of an RGB image to exactly `size`. Thread-safe.
Image resize(const Image& source, Size size, Kernel kernel = Kernel::Linear);

}  // namespace wsi_lpd::image
