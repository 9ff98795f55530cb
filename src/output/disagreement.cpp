#include "wsi_lpd/output/disagreement.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "figures.hpp"
#include "legend.hpp"
#include "number_text.hpp"
#include "wsi_lpd/image/drawing.hpp"

namespace wsi_lpd::output {
namespace {

constexpr core::Colour kPaper{255, 255, 255};
constexpr core::Colour kInk{0, 0, 0};
constexpr core::Colour kLeftOut{200, 200, 200};
constexpr core::Colour kOthers{90, 90, 90};
constexpr int kPalePercent = 28;
/// Okabe and Ito's palette, without the yellow that pale colours come near to.
constexpr std::array<core::Colour, 7> kKinds{
    {{213, 94, 0}, {0, 114, 178}, {0, 0, 0}, {204, 121, 167}, {0, 158, 115}, {230, 159, 0}, {86, 180, 233}}};

struct Kind {
  int truth = 0, result = 0;
  std::int64_t pixels = 0;
};

/// Pairs of classes that some pixel has, without or with equal ones; the most frequent first.
std::vector<Kind> kinds_of(const raster::ConfusionMatrix& matrix, bool agreeing) {
  std::vector<Kind> kinds;
  for (int t = 0; t <= matrix.classes(); ++t) {
    for (int r = 0; r <= matrix.classes(); ++r) {
      if ((t == r) == agreeing && matrix.count(t, r) > 0) kinds.push_back({t, r, matrix.count(t, r)});
    }
  }
  std::stable_sort(kinds.begin(), kinds.end(), [](const Kind& a, const Kind& b) { return a.pixels > b.pixels; });
  return kinds;
}

core::Colour pale(core::Colour colour) {
  const auto part = [](int value) { return static_cast<std::uint8_t>((value * kPalePercent + 255 * (100 - kPalePercent)) / 100); };
  return {part(colour.red), part(colour.green), part(colour.blue)};
}

core::Colour agreement_colour(const core::ClassScheme& classes, int index) {
  return pale(classes.colours[static_cast<std::size_t>(index)]);
}

class Painter {
 public:
  Painter(const raster::ConfusionMatrix& matrix, const core::ClassScheme& classes)
      : matrix_(matrix), classes_(classes), kinds_(kinds_of(matrix, false)) {}

  core::Colour colour(int truth, int result) const {
    if (truth > matrix_.classes() || result > matrix_.classes()) return kLeftOut;
    if (truth == result) return agreement_colour(classes_, truth);
    for (std::size_t i = 0; i < std::min(kinds_.size(), kKinds.size()); ++i) {
      if (kinds_[i].truth == truth && kinds_[i].result == result) return kKinds[i];
    }
    return kOthers;
  }

  std::vector<LegendEntry> legend(bool something_left_out) const {
    std::vector<LegendEntry> entries{{"of the compared pixels:", {}}};
    std::int64_t others = 0;
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      if (i < kKinds.size()) {
        entries.push_back({"truth " + name(kinds_[i].truth) + ", result " + name(kinds_[i].result) + share(kinds_[i].pixels), kKinds[i]});
      } else {
        others += kinds_[i].pixels;
      }
    }
    if (others > 0) entries.push_back({"other disagreement" + share(others), kOthers});
    for (const Kind& kind : kinds_of(matrix_, true))
      entries.push_back({"both " + name(kind.truth) + share(kind.pixels), agreement_colour(classes_, kind.truth)});
    if (something_left_out) entries.push_back({"left out", kLeftOut});
    return entries;
  }

 private:
  const std::string& name(int index) const {
    return index < classes_.count() ? classes_.names[static_cast<std::size_t>(index)] : classes_.background;
  }
  std::string share(std::int64_t pixels) const { return "  " + percent(ratio(pixels, matrix_.total())); }

  const raster::ConfusionMatrix& matrix_;
  const core::ClassScheme& classes_;
  std::vector<Kind> kinds_;
};

/// The picture with the legend below it, in as many columns as fit.
core::Image with_legend(const core::Image& picture, const std::vector<LegendEntry>& entries, int text_height) {
  const std::int64_t pad = text_height / 2, line = text_height + pad, count = static_cast<std::int64_t>(entries.size());
  std::int64_t pitch = 1;  // of the columns
  core::Image nothing(1, 1, 3);
  for (const LegendEntry& entry : entries)
    pitch = std::max(pitch, image::draw_text(nothing, 1, 1, entry.text, kInk, text_height).width + text_height + 4 * pad);
  const std::int64_t columns = std::clamp<std::int64_t>(picture.width() / pitch, 1, std::max<std::int64_t>(1, count));
  const std::int64_t rows = core::divide_up(count, columns);
  core::Image sheet(std::max(picture.width(), pitch), picture.height() + rows * line + 2 * pad, 3);
  core::fill(sheet.view(), kPaper);
  for (std::int64_t y = 0; y < picture.height(); ++y) std::copy_n(picture.at(0, y), picture.width() * 3, sheet.at(0, y));
  for (std::int64_t i = 0; i < count; ++i) {
    const LegendEntry& entry = entries[static_cast<std::size_t>(i)];
    const std::int64_t x = pad + i / rows * pitch, y = picture.height() + pad + i % rows * line;
    if (entry.colour) {
      image::fill_rect(sheet, {x - 1, y - 1, text_height + 2, text_height + 2}, kInk);  // an edge: pale colours are near to paper
      image::fill_rect(sheet, {x, y, text_height, text_height}, *entry.colour);
    }
    image::draw_text(sheet, entry.colour ? x + text_height + pad : x, y, entry.text, kInk, text_height);
  }
  return sheet;
}

}  // namespace

core::Image draw_disagreement(const core::Image& truth, const core::Image& result, const raster::ConfusionMatrix& matrix,
                              const core::ClassScheme& classes, double mpp) {
  const Painter painter(matrix, classes);
  core::Image picture(truth.width(), truth.height(), 3), busy(truth.width(), truth.height(), 1, core::kNotTissue);
  bool something_left_out = false;
  for (std::int64_t y = 0; y < truth.height(); ++y) {
    for (std::int64_t x = 0; x < truth.width(); ++x) {
      const int t = *truth.at(x, y), r = *result.at(x, y);
      const core::Colour colour = painter.colour(t, r);
      something_left_out = something_left_out || std::max(t, r) > matrix.classes();
      std::uint8_t* pixel = picture.at(x, y);
      pixel[0] = colour.red, pixel[1] = colour.green, pixel[2] = colour.blue;
      if (t != r) *busy.at(x, y) = 1;  // the scale bar keeps away from it
    }
  }
  const int text_height = text_height_of(picture);
  if (mpp > 0) draw_scale_bar(picture, busy, mpp, text_height, {});
  return with_legend(picture, painter.legend(something_left_out), text_height);
}

}  // namespace wsi_lpd::output
