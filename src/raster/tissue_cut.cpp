#include "wsi_lpd/raster/tissue_cut.hpp"

#include <algorithm>

namespace wsi_lpd::raster {
namespace {

constexpr std::uint8_t kGlass = 1;
constexpr std::uint8_t kMiddle = 2;  // said by the tile in whose middle the pixel lies

struct Span {
  std::int64_t begin, end;
  bool has(std::int64_t at) const { return at >= begin && at < end; }
};

/// The part of a tile, along one axis, that is nearer to its centre than to that of any other; `position` of `count` tiles on that axis.
Span middle(const core::TilePlan& plan, std::int64_t position, std::int64_t count) {
  const std::int64_t margin = (plan.tile - plan.stride) / 2;
  return {position == 0 ? 0 : margin, position == (count - 1) * plan.stride ? plan.tile : margin + plan.stride};
}

}  // namespace

TissueCut::TissueCut(const core::TilePlan& plan, int grid_stride, std::int64_t smallest, core::CanvasSink& next)
    : plan_(plan), stride_(grid_stride), next_(next), holes_(plan.frame.size.width, smallest), islands_(plan.frame.size.width, smallest) {}

void TissueCut::add_glass(const core::Tile& tile, std::span<const std::uint8_t> glass) {
  const core::Size& size = plan_.frame.size;
  const std::int64_t bottom = std::min(tile.y + plan_.tile, size.height), columns = std::min<std::int64_t>(plan_.tile, size.width - tile.x);
  while (first_glass_row_ + static_cast<std::int64_t>(glass_.size()) < bottom) glass_.emplace_back(static_cast<std::size_t>(size.width));
  const Span across = middle(plan_, tile.x, plan_.columns), down = middle(plan_, tile.y, plan_.rows);
  for (std::int64_t y = std::max(tile.y, first_glass_row_); y < bottom; ++y) {
    const std::uint8_t* from = glass.data() + (y - tile.y) * plan_.tile;
    std::uint8_t* row = glass_[static_cast<std::size_t>(y - first_glass_row_)].data() + tile.x;
    const bool in_middle = down.has(y - tile.y);
    for (std::int64_t x = 0; x < columns; ++x) {
      if (in_middle && across.has(x)) {
        row[x] = static_cast<std::uint8_t>((from[x] ? kGlass : 0) | kMiddle);
      } else if (!(row[x] & kMiddle)) {
        row[x] = from[x] ? kGlass : 0;
      }
    }
  }
}

void TissueCut::grid_row(std::span<const float> values, std::span<const std::uint8_t> labels) {
  grid_rows_.push_back({{values.begin(), values.end()}, {labels.begin(), labels.end()}});
}

void TissueCut::label_row(std::span<const std::uint8_t> labels, std::span<const std::uint8_t> tissue) {
  std::vector<std::uint8_t> glass;
  if (rows_seen_ < first_glass_row_ + static_cast<std::int64_t>(glass_.size())) {
    glass = std::move(glass_.front());
    glass_.pop_front();
  }
  if (glass.empty()) glass.resize(labels.size());
  first_glass_row_ = ++rows_seen_;
  for (std::size_t x = 0; x < labels.size(); ++x) {
    if (!tissue[x]) {
      glass[x] = SmallPieces::kAnchored;
    } else {
      glass[x] = (glass[x] & kGlass) && labels[x] != core::kUnreadable ? SmallPieces::kPiece : SmallPieces::kNone;
    }
  }
  holes_.add_row(glass);
  labels_.emplace_back(labels.begin(), labels.end());
  glass_pixels_ += std::count(tissue.begin(), tissue.end(), 1);
  const bool last = rows_seen_ == plan_.frame.size.height;
  if (last) holes_.finish();
  while (auto row = holes_.next_row()) {
    const std::vector<std::uint8_t>& label = labels_[static_cast<std::size_t>(holes_passed_++ - rows_passed_)];
    for (std::size_t x = 0; x < row->size(); ++x)
      (*row)[x] = (*row)[x] ? SmallPieces::kNone : label[x] == core::kUnreadable ? SmallPieces::kAnchored : SmallPieces::kPiece;
    islands_.add_row(*row);
  }
  if (last) islands_.finish();
  while (const auto row = islands_.next_row()) pass_on(*row);
}

void TissueCut::pass_on(const std::vector<std::uint8_t>& tissue) {
  const core::Size& size = plan_.frame.size;
  const auto middle_row = [&] { return std::min(grid_rows_passed_ * stride_ + stride_ / 2, size.height - 1); };
  while (!grid_rows_.empty() && middle_row() == rows_passed_) {
    GridRow& row = grid_rows_.front();
    for (std::size_t x = 0; x < row.labels.size(); ++x) {
      const auto column = std::min(static_cast<std::int64_t>(x) * stride_ + stride_ / 2, size.width - 1);
      if (!tissue[static_cast<std::size_t>(column)]) row.labels[x] = core::kNotTissue;
    }
    next_.grid_row(row.values, row.labels);
    grid_rows_.pop_front();
    ++grid_rows_passed_;
  }
  std::vector<std::uint8_t>& labels = labels_.front();
  for (std::size_t x = 0; x < labels.size(); ++x) {
    if (!tissue[x]) labels[x] = core::kNotTissue;
  }
  glass_pixels_ -= std::count(tissue.begin(), tissue.end(), 1);
  next_.label_row(labels, tissue);
  labels_.pop_front();
  ++rows_passed_;
}

}  // namespace wsi_lpd::raster
