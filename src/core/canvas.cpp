#include "wsi_lpd/core/canvas.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "wsi_lpd/core/background.hpp"

namespace wsi_lpd::core {
namespace {

constexpr std::int64_t kTogether = 4;  ///< pixels, for SIMD
using Values = float __attribute__((vector_size(4 * kTogether)));
using Labels = std::int32_t __attribute__((vector_size(4 * kTogether)));

/// Labels of kTogether pixels at `fractions` of the way between two cells: the class with the largest value above kBackgroundThreshold, the
/// first of equals. `left`, `right`: values of the first class there; those of the next are `stride` further on.
void label_between(const float* left, const float* right, std::size_t stride, int classes, const float* fractions, std::uint8_t* labels) {
  Values fraction, best = Values{} + kBackgroundThreshold;
  Labels label{};
  std::memcpy(&fraction, fractions, sizeof fraction);
  for (int c = 0; c < classes; ++c, left += stride, right += stride) {
    const Values value = *left + fraction * (*right - *left);
    const Labels larger = value > best;
    label = larger ? Labels{} + (c + 1) : label;
    best = larger ? value : best;
  }
  for (int i = 0; i < kTogether; ++i) labels[i] = static_cast<std::uint8_t>(label[i]);
}

}  // namespace

Canvas::Canvas(const TilePlan& plan, const TissueMask& tissue, int classes, int grid_stride, Blend blend, CanvasSink& sink,
               const ScoreGateOptions& gate)
    : plan_(plan),
      tissue_(tissue, plan.frame),
      sink_(sink),
      classes_(classes),
      stride_(grid_stride),
      blend_(blend),
      cells_(plan.tile / grid_stride),
      gate_(plan, tissue, gate, grid_stride),
      ring_(cells_ + gate_.rows_waiting()),
      grid_{divide_up(plan.frame.size.width, grid_stride), divide_up(plan.frame.size.height, grid_stride)} {
  const auto cells_in_row = static_cast<std::size_t>(grid_.width);
  const auto rows = static_cast<std::size_t>(ring_);
  const auto values_in_row = static_cast<std::size_t>(classes) * cells_in_row;
  sums_.resize(rows * values_in_row);
  weights_.resize(rows * cells_in_row);
  unreadable_.resize(rows * cells_in_row);
  for (GridRow* row : {&previous_, &current_}) {
    row->values.resize(values_in_row);
    row->cells.resize(cells_in_row);
  }
  line_.resize(values_in_row);
  labels_.resize(static_cast<std::size_t>(plan.frame.size.width));
  tissue_row_.resize(labels_.size());
  fractions_.resize(labels_.size() + kTogether);
  for (std::int64_t x = 0; x < plan.frame.size.width; ++x)
    fractions_[static_cast<std::size_t>(x)] = BetweenCells(x, grid_stride, grid_.width).fraction;
}

// Weight of each cell of a tile along one axis; `position` (output pixels) of `count` tiles on that axis.
std::vector<float> Canvas::axis_window(std::int64_t position, std::int64_t count) const {
  if (blend_ == Blend::Window) return tile_window(cells_);
  std::vector<float> window(static_cast<std::size_t>(cells_), 0.0F);
  const std::int64_t margin = (plan_.tile - plan_.stride) / 2 / stride_;
  const std::int64_t begin = position == 0 ? 0 : margin;
  const std::int64_t end = position == (count - 1) * plan_.stride ? cells_ : margin + plan_.stride / stride_;
  std::fill(window.begin() + begin, window.begin() + end, 1.0F);
  return window;
}

void Canvas::add(const Tile& tile, std::span<const float> maps, std::span<const float> score_maps) {
  const std::int64_t left = tile.x / stride_;
  const std::int64_t top = tile.y / stride_;
  advance_to(top - gate_.rows_waiting());
  if (!score_maps.empty()) gate_.add(tile, score_maps);
  const std::vector<float> across = axis_window(tile.x, plan_.columns);
  const std::vector<float> down = axis_window(tile.y, plan_.rows);
  const std::int64_t columns = std::min(cells_, grid_.width - left);
  const std::int64_t rows = std::min(cells_, grid_.height - top);
  for (std::int64_t y = 0; y < rows; ++y) {
    const std::size_t ring = ring_row(top + y);
    const auto row_weight = down[static_cast<std::size_t>(y)];
    float* weights = weights_.data() + ring * static_cast<std::size_t>(grid_.width) + left;
    for (std::int64_t x = 0; x < columns; ++x) weights[x] += row_weight * across[static_cast<std::size_t>(x)];
    for (int c = 0; c < classes_; ++c) {
      float* sums = sums_.data() +
                    (ring * static_cast<std::size_t>(classes_) + static_cast<std::size_t>(c)) * static_cast<std::size_t>(grid_.width) +
                    left;
      const float* map = maps.data() + (c * cells_ + y) * cells_;
      for (std::int64_t x = 0; x < columns; ++x) sums[x] += row_weight * across[static_cast<std::size_t>(x)] * map[x];
    }
  }
}

void Canvas::add_unreadable(const Tile& tile) {
  const std::int64_t left = tile.x / stride_;
  const std::int64_t top = tile.y / stride_;
  advance_to(top - gate_.rows_waiting());
  for (std::int64_t y = top; y < std::min(top + cells_, grid_.height); ++y) {
    std::uint8_t* row = unreadable_.data() + ring_row(y) * static_cast<std::size_t>(grid_.width);
    std::fill(row + left, row + std::min(left + cells_, grid_.width), std::uint8_t{1});
  }
}

void Canvas::finish() {
  advance_to(grid_.height);
  emit_label_rows(plan_.frame.size.height, current_);
}

void Canvas::advance_to(std::int64_t grid_y) {
  while (next_grid_row_ < grid_y) emit_grid_row();
}

void Canvas::emit_grid_row() {
  std::swap(previous_, current_);
  const auto width = static_cast<std::size_t>(grid_.width);
  const std::size_t ring = ring_row(next_grid_row_);
  current_.blank = true;
  float* sums = sums_.data() + ring * static_cast<std::size_t>(classes_) * width;
  float* weights = weights_.data() + ring * width;
  std::uint8_t* unreadable = unreadable_.data() + ring * width;
  for (std::size_t x = 0; x < width; ++x) {
    const bool labelled = weights[x] > 0;
    current_.blank = current_.blank && !labelled && !unreadable[x];
    current_.cells[x] = labelled ? Cell::Labelled : unreadable[x] ? Cell::Unreadable : Cell::Empty;
    for (int c = 0; c < classes_; ++c) {
      const std::size_t i = static_cast<std::size_t>(c) * width + x;
      current_.values[i] = labelled ? sums[i] / weights[x] : 0.0F;
    }
  }
  gate_.apply(next_grid_row_, current_.values, grid_.width);
  std::fill_n(sums, static_cast<std::size_t>(classes_) * width, 0.0F);
  std::fill_n(weights, width, 0.0F);
  std::fill_n(unreadable, width, std::uint8_t{0});

  tissue_.select(std::min(next_grid_row_ * stride_ + stride_ / 2, plan_.frame.size.height - 1));
  std::vector<std::uint8_t> grid_labels(width, kNotTissue);
  for (std::size_t x = 0; x < width; ++x) {
    if (!tissue_.at(std::min(static_cast<std::int64_t>(x) * stride_ + stride_ / 2, plan_.frame.size.width - 1))) continue;
    float best = kBackgroundThreshold;
    for (int c = 0; c < classes_; ++c) {
      const float value = current_.values[static_cast<std::size_t>(c) * width + x];
      if (value > best) {
        best = value;
        grid_labels[x] = static_cast<std::uint8_t>(c + 1);
      }
    }
    if (current_.cells[x] == Cell::Unreadable) grid_labels[x] = kUnreadable;
  }
  sink_.grid_row(current_.values, grid_labels);

  // Output rows whose centres lie above this grid row's centre now have both their neighbours.
  const std::int64_t row = next_grid_row_++;
  emit_label_rows(std::min(row * stride_ + stride_ / 2, plan_.frame.size.height), row == 0 ? current_ : previous_);
}

void Canvas::emit_label_rows(std::int64_t until, const GridRow& above) {
  for (; next_label_row_ < until; ++next_label_row_) {
    const std::int64_t cell_row = next_label_row_ / stride_;
    tissue_.select(next_label_row_);
    emit_label_row(above, BetweenCells(next_label_row_, stride_, grid_.height),
                   cell_row == next_grid_row_ - 1 ? current_.cells : above.cells);
  }
}

void Canvas::emit_label_row(const GridRow& above, const BetweenCells& between, const std::vector<Cell>& cells) {
  const auto width = static_cast<std::size_t>(grid_.width);
  std::fill(labels_.begin(), labels_.end(), kNotTissue);
  std::fill(tissue_row_.begin(), tissue_row_.end(), std::uint8_t{0});
  if (above.blank && current_.blank) return sink_.label_row(labels_, tissue_row_);
  for (std::size_t i = 0; i < line_.size(); ++i) line_[i] = between(above.values[i], current_.values[i]);
  const std::int64_t last = grid_.width - 1;
  // Between two neighbouring cell centres the values are linear: a segment whose both ends are background stays background.
  for (std::int64_t segment = -1; segment <= last; ++segment) {
    const auto left = static_cast<std::size_t>(std::max<std::int64_t>(segment, 0));
    const auto right = static_cast<std::size_t>(std::min(segment + 1, last));
    if (cells[left] == Cell::Empty && cells[right] == Cell::Empty) continue;  // tiles cover all tissue
    const auto begin = static_cast<std::size_t>(std::max<std::int64_t>(0, segment * stride_ + stride_ / 2));
    const auto end = static_cast<std::size_t>(std::min((segment + 1) * stride_ + stride_ / 2, plan_.frame.size.width));
    bool background = cells[left] != Cell::Unreadable && cells[right] != Cell::Unreadable;
    for (std::size_t c = 0; c < static_cast<std::size_t>(classes_) && background; ++c) {
      background = line_[c * width + left] <= kBackgroundThreshold && line_[c * width + right] <= kBackgroundThreshold;
    }
    const bool unreadable = cells[left] == Cell::Unreadable || cells[right] == Cell::Unreadable;
    const std::size_t border = right * static_cast<std::size_t>(stride_);  // between the cells
    std::array<std::uint8_t, kTogether> found{};
    for (std::size_t x = begin; x < end; x += kTogether) {
      if (!background) label_between(&line_[left], &line_[right], width, classes_, &fractions_[x], found.data());
      for (std::size_t i = 0; i < std::min<std::size_t>(kTogether, end - x); ++i) {
        if (!tissue_.at(static_cast<std::int64_t>(x + i))) continue;
        tissue_row_[x + i] = 1;
        labels_[x + i] = unreadable && cells[x + i < border ? left : right] == Cell::Unreadable ? kUnreadable : found[i];
      }
    }
  }
  sink_.label_row(labels_, tissue_row_);
}

}  // namespace wsi_lpd::core
