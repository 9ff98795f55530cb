#pragma once
#include <string>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::image {

// Drawing into RGB pictures in memory. Thread-safe for pictures that no other thread uses. The first call of draw_text() or resize() starts
// libvips for the whole process (image/library.hpp).

/// Draws `text` (plain, never markup) in `colour` with its top left at (x, y), clipped to the RGB `target`. Returns the drawn size.
core::Size draw_text(core::Image& target, std::int64_t x, std::int64_t y, const std::string& text, core::Colour colour, int pixel_height);
/// Fills the part of `rect` that lies in the RGB `target`.
void fill_rect(core::Image& target, const core::Rect& rect, core::Colour colour);
/// How a resize interpolates between pixels. A smaller picture is made with the same kernel, widened so that every source pixel counts.
enum class Kernel { Linear, Cubic };
/// An RGB image at exactly `size`.
core::Image resize(const core::Image& source, core::Size size, Kernel kernel = Kernel::Linear);

}  // namespace wsi_lpd::image
