#pragma once
// Private to src/output: what pictures of a slide have in common.
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/class_scheme.hpp"
#include "wsi_lpd/core/image.hpp"

namespace wsi_lpd::output {

struct LegendEntry {
  std::string text;
  std::optional<core::Colour> colour;  ///< none: a line of its own, such as what shares are of
};

/// Labels on the thumbnail's pixels, nearest.
core::Image on_thumbnail(const core::Image& labels, const core::Image& thumbnail);
/// Is one of the pixels `reach` away, up, down, left or right, of another label? The image's edge is no border.
bool is_border(const core::Image& labels, std::int64_t x, std::int64_t y, std::int64_t reach);

int text_height_of(const core::Image& picture);
/// Draws the legend into the corner where it hides the least that is labelled (not 0). Returns its box, empty when there is none.
core::Rect draw_legend(core::Image& picture, const core::Image& labels, const std::vector<LegendEntry>& entries, int text_height);
/// Draws a scale bar of a round length into a corner of its own; `mpp` is µm per pixel of the picture.
void draw_scale_bar(core::Image& picture, const core::Image& labels, double mpp, int text_height, const core::Rect& legend);

}  // namespace wsi_lpd::output
