#include "legend.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "number_text.hpp"
#include "wsi_lpd/image/drawing.hpp"

namespace wsi_lpd::output {
namespace {

constexpr core::Colour kPaper{255, 255, 255};
constexpr core::Colour kInk{0, 0, 0};

/// The corner where a box of `size` hides the least labelled tissue and does not meet `taken`; nothing where the box does not fit.
std::optional<core::Rect> quiet_corner(const core::Image& labels, core::Size size, std::int64_t margin, const core::Rect& taken) {
  const std::int64_t right = labels.width() - margin - size.width, bottom = labels.height() - margin - size.height;
  if (right < margin || bottom < margin) return {};
  std::optional<core::Rect> best;
  std::int64_t least = 0;
  for (const std::int64_t y : {bottom, margin}) {
    for (const std::int64_t x : {margin, right}) {
      const core::Rect box{x, y, size.width, size.height};
      if (!core::intersection(box, taken).empty()) continue;
      std::int64_t hidden = 0;
      for (std::int64_t row = box.y; row < box.bottom(); ++row) {
        hidden += box.width - std::count(labels.at(box.x, row), labels.at(box.x, row) + box.width, core::kNotTissue);
      }
      if (!best || hidden < least) best = box, least = hidden;
    }
  }
  return best;
}

core::Size text_size(const std::string& text, int height) {
  core::Image nothing(1, 1, 3);
  return image::draw_text(nothing, 1, 1, text, kInk, height);
}

/// The longest of 1, 2, 5 · 10^n µm that is no longer than `limit` µm.
double round_length(double limit) {
  const double power = std::pow(10, std::floor(std::log10(limit)));
  for (const double factor : {5.0, 2.0}) {
    if (factor * power <= limit) return factor * power;
  }
  return power;
}

}  // namespace

core::Image on_thumbnail(const core::Image& labels, const core::Image& thumbnail) {
  core::Image result(thumbnail.width(), thumbnail.height(), 1);
  if (labels.empty()) return result;
  for (std::int64_t y = 0; y < result.height(); ++y) {
    const std::int64_t row = (2 * y + 1) * labels.height() / (2 * result.height());
    for (std::int64_t x = 0; x < result.width(); ++x)
      *result.at(x, y) = *labels.at((2 * x + 1) * labels.width() / (2 * result.width()), row);
  }
  return result;
}

bool is_border(const core::Image& labels, std::int64_t x, std::int64_t y, std::int64_t reach) {
  const std::uint8_t label = *labels.at(x, y);
  const std::int64_t left = std::max<std::int64_t>(x - reach, 0), right = std::min(x + reach, labels.width() - 1);
  const std::int64_t above = std::max<std::int64_t>(y - reach, 0), below = std::min(y + reach, labels.height() - 1);
  return *labels.at(left, y) != label || *labels.at(right, y) != label || *labels.at(x, above) != label || *labels.at(x, below) != label;
}

int text_height_of(const core::Image& picture) {
  return static_cast<int>(std::clamp<std::int64_t>(std::min(picture.width(), picture.height()) / 45, 10, 32));
}

core::Rect draw_legend(core::Image& picture, const core::Image& labels, const std::vector<LegendEntry>& entries, int text_height) {
  if (entries.empty()) return {};
  const std::int64_t pad = text_height / 2, line = text_height + pad;
  std::vector<core::Size> texts;
  std::int64_t widest = 0;
  for (const LegendEntry& entry : entries) {
    texts.push_back(text_size(entry.text, text_height));
    widest = std::max(widest, texts.back().width);
  }
  const core::Size size{text_height + widest + 3 * pad, static_cast<std::int64_t>(entries.size()) * line + pad};
  const std::optional<core::Rect> box = quiet_corner(labels, size, pad, {});
  if (!box) return {};
  image::fill_rect(picture, *box, kPaper);
  std::int64_t y = box->y + pad;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (const std::optional<core::Colour>& colour = entries[i].colour) {
      image::fill_rect(picture, {box->x + pad - 1, y - 1, text_height + 2, text_height + 2}, kInk);  // an edge: a class may be white
      image::fill_rect(picture, {box->x + pad, y, text_height, text_height}, *colour);
    }
    const std::int64_t left = box->x + pad + (entries[i].colour ? pad + text_height : 0);
    image::draw_text(picture, left, y + (text_height - texts[i].height) / 2, entries[i].text, kInk, text_height);
    y += line;
  }
  return *box;
}

void draw_scale_bar(core::Image& picture, const core::Image& labels, double mpp, int text_height, const core::Rect& legend) {
  const double micrometres = round_length(mpp * static_cast<double>(picture.width()) / 5);
  const std::string text =
      micrometres >= 1000 ? with_unit(short_number(micrometres / 1000), "mm") : with_unit(short_number(micrometres), "µm");
  const std::int64_t length = std::llround(micrometres / mpp);
  const std::int64_t pad = text_height / 2, thickness = std::max<std::int64_t>(text_height / 4, 1);
  const core::Size caption = text_size(text, text_height);
  const core::Size size{std::max(length, caption.width) + 2 * pad, text_height + thickness + 3 * pad};
  const std::optional<core::Rect> box = quiet_corner(labels, size, pad, legend);
  if (!box) return;
  image::fill_rect(picture, *box, kPaper);
  image::draw_text(picture, box->x + (box->width - caption.width) / 2, box->y + pad, text, kInk, text_height);
  image::fill_rect(picture, {box->x + (box->width - length) / 2, box->bottom() - pad - thickness, length, thickness}, kInk);
}

}  // namespace wsi_lpd::output
