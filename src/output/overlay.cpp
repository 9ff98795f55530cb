#include "wsi_lpd/output/overlay.hpp"

#include <algorithm>
#include <string>

#include "legend.hpp"
#include "number_text.hpp"

namespace wsi_lpd::output {
namespace {

constexpr core::Colour kInk{0, 0, 0};
constexpr int kTintPercent = 40;

void paint(core::Image& picture, const core::Image& labels, const std::vector<core::Colour>& palette) {
  const std::int64_t reach = 1 + std::max(picture.width(), picture.height()) / 1000;
  for (std::int64_t y = 0; y < picture.height(); ++y) {
    for (std::int64_t x = 0; x < picture.width(); ++x) {
      const std::uint8_t label = *labels.at(x, y);
      if (label == core::kNotTissue) continue;
      const core::Colour colour = palette[label];
      const int percent = is_border(labels, x, y, reach) ? 100 : kTintPercent;
      const std::uint8_t parts[] = {colour.red, colour.green, colour.blue};
      std::uint8_t* pixel = picture.at(x, y);
      for (int c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint8_t>((pixel[c] * (100 - percent) + parts[c] * percent + 50) / 100);
    }
  }
}

std::vector<LegendEntry> legend_entries(const SlideStatistics& statistics, const std::vector<core::Colour>& palette) {
  std::vector<LegendEntry> entries;
  for (const TissueShare& part : tissue_shares(statistics)) {
    if (part.share == 0) continue;
    if (entries.empty()) entries.push_back({"of the tissue:", {}});
    entries.push_back({part.name + "  " + percent(part.share), palette[part.value]});
  }
  return entries;
}

}  // namespace

std::vector<core::Colour> result_palette(const core::ClassScheme& classes) {
  std::vector<core::Colour> palette(256, kInk);
  palette[core::kNotTissue] = classes.colours.back();
  std::copy_n(classes.colours.begin(), classes.count(), palette.begin() + 1);
  palette[core::kUnreadable] = kUnreadableColour;
  return palette;
}

core::Image draw_overlay(const core::Image& thumbnail, const core::Image& labels, const SlideStatistics& statistics, double mpp) {
  const std::vector<core::Colour> palette = result_palette(statistics.classes);
  const core::Image fitted = on_thumbnail(labels, thumbnail);
  core::Image picture = thumbnail;
  paint(picture, fitted, palette);
  const int text_height = text_height_of(picture);
  const core::Rect legend = draw_legend(picture, fitted, legend_entries(statistics, palette), text_height);
  if (mpp > 0) draw_scale_bar(picture, fitted, mpp, text_height, legend);
  return picture;
}

}  // namespace wsi_lpd::output
