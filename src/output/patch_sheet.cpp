#include "wsi_lpd/output/patch_sheet.hpp"

#include <algorithm>

#include "wsi_lpd/image/drawing.hpp"

namespace wsi_lpd::output {
namespace {

constexpr core::Colour kPaper{255, 255, 255};
constexpr core::Colour kInk{30, 30, 30};
constexpr int kTintPercent = 45;
constexpr std::int64_t kMargin = 8;
constexpr int kText = 13;  // pixels
constexpr std::int64_t kLine = kText + 7;

void paste(const core::Image& source, core::Image& target, std::int64_t left, std::int64_t top) {
  for (std::int64_t y = 0; y < source.height(); ++y) std::copy_n(source.at(0, y), source.width() * 3, target.at(left, top + y));
}

/// The caption, clipped where the first note begins, and the notes over their cells.
void draw_captions(const SheetRow& row, std::int64_t pitch, std::int64_t y, core::Image& sheet) {
  image::draw_text(sheet, kMargin, y, row.caption, kInk, kText);
  for (std::size_t i = 0; i < row.notes.size(); ++i) {
    if (row.notes[i].empty()) continue;
    const std::int64_t x = kMargin + static_cast<std::int64_t>(i) * pitch;
    image::fill_rect(sheet, {x - kMargin, y, pitch, kLine}, kPaper);
    image::draw_text(sheet, x, y, row.notes[i], kInk, kText);
  }
}

}  // namespace

core::Image tinted(const core::Image& rgb, const core::Image& labels, const core::ClassScheme& classes) {
  core::Image picture = rgb;
  for (std::int64_t y = 0; y < rgb.height(); ++y) {
    for (std::int64_t x = 0; x < rgb.width(); ++x) {
      const core::Colour& colour = classes.colours[std::min<std::size_t>(*labels.at(x, y), classes.names.size())];
      const std::uint8_t parts[] = {colour.red, colour.green, colour.blue};
      std::uint8_t* pixel = picture.at(x, y);
      for (int c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint8_t>((pixel[c] * (100 - kTintPercent) + parts[c] * kTintPercent) / 100);
    }
  }
  return picture;
}

core::Image draw_patch_sheet(const std::vector<std::string>& columns, const std::vector<SheetRow>& rows, const core::ClassScheme& classes,
                             int side) {
  const auto column_count = static_cast<std::int64_t>(columns.size()), row_count = static_cast<std::int64_t>(rows.size());
  const std::int64_t pitch = side + kMargin, row_pitch = kLine + side + kMargin;
  core::Image sheet(kMargin + column_count * pitch, 2 * kMargin + kLine + row_count * row_pitch + kLine, 3);
  image::fill_rect(sheet, {0, 0, sheet.width(), sheet.height()}, kPaper);
  for (std::int64_t column = 0; column < column_count; ++column)
    image::draw_text(sheet, kMargin + column * pitch, kMargin, columns[static_cast<std::size_t>(column)], kInk, kText);
  std::int64_t y = kMargin + kLine;
  for (const SheetRow& row : rows) {
    draw_captions(row, pitch, y, sheet);
    for (std::size_t column = 0; column < std::min(row.cells.size(), columns.size()); ++column) {
      const core::Image& cell = row.cells[column];
      if (cell.empty()) continue;
      const bool fits = cell.width() == side && cell.height() == side;
      paste(fits ? cell : image::resize(cell, {side, side}), sheet, kMargin + static_cast<std::int64_t>(column) * pitch, y + kLine);
    }
    y += row_pitch;
  }
  std::int64_t x = kMargin;
  for (std::size_t c = 0; c < classes.colours.size(); ++c) {
    image::fill_rect(sheet, {x - 1, y - 1, kText + 2, kText + 2}, kInk);  // a frame: colours may be white
    image::fill_rect(sheet, {x, y, kText, kText}, classes.colours[c]);
    const std::string& name = c < classes.names.size() ? classes.names[c] : classes.background;
    x += kText + 5 + image::draw_text(sheet, x + kText + 5, y, name, kInk, kText).width + 2 * kMargin;
  }
  return sheet;
}

}  // namespace wsi_lpd::output
