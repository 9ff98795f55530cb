#include "wsi_lpd/core/score_gate.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "wsi_lpd/core/bilinear_grid.hpp"

namespace wsi_lpd::core {
namespace {

constexpr float kGlass = 1e-3F;  ///< weight of what is not tissue: where there is nothing else, it decides
/// How much steeper presence counts between classes than the maps, which would let a class that is hardly there win: 4 to 12 do the same.
constexpr float kRivalry = 6;

}  // namespace

ScoreGate::ScoreGate(const TilePlan& plan, const TissueMask& tissue, const ScoreGateOptions& options, int grid_stride)
    : plan_(plan),
      tissue_(tissue, plan.frame),
      calibration_(options.calibration),
      planes_(calibration_.score_threshold.size() + 1),
      score_stride_(options.score_stride),
      grid_stride_(grid_stride),
      local_weight_(options.local_weight),
      reach_(options.patch_size),
      score_grid_{divide_up(plan.frame.size.width, score_stride_), divide_up(plan.frame.size.height, score_stride_)},
      tile_window_(tile_window(plan.tile / score_stride_)),
      taps_(static_cast<std::int64_t>(std::ceil(reach_ / options.score_stride))) {
  for (int phase = 0; phase < options.score_stride / grid_stride; ++phase) {
    Plane& kernel = kernels_.emplace_back();
    const double centre = (phase + 0.5) * grid_stride;  // of the grid cell, from the left edge of its score cell
    for (std::int64_t tap = -taps_; tap <= taps_; ++tap)
      kernel.push_back(static_cast<float>(weight((static_cast<double>(tap) + 0.5) * options.score_stride - centre)));
  }
}

std::int64_t ScoreGate::rows_waiting() const {
  return open() ? 0 : static_cast<std::int64_t>(std::ceil(reach_ / static_cast<double>(grid_stride_))) + 1;
}

double ScoreGate::weight(double distance) const {
  if (std::abs(distance) >= reach_) return 0;
  const double c = std::cos(std::numbers::pi / 2 * distance / reach_);
  return c * c;
}

void ScoreGate::add(const Tile& tile, std::span<const float> maps) {
  if (open()) return;
  const auto side = static_cast<std::int64_t>(tile_window_.size());
  const std::int64_t left = tile.x / score_stride_, top = tile.y / score_stride_;
  const std::int64_t columns = std::min(side, score_grid_.width - left), bottom = std::min(top + side, score_grid_.height);
  const auto width = static_cast<std::size_t>(score_grid_.width);
  while (first_blended_ + static_cast<std::int64_t>(blended_.size()) < bottom) blended_.emplace_back(planes_ * width);
  for (std::int64_t y = std::max(top, first_blended_); y < bottom; ++y) {
    Plane& row = blended_[static_cast<std::size_t>(y - first_blended_)];
    const float down = tile_window_[static_cast<std::size_t>(y - top)];
    for (std::size_t plane = 0; plane < planes_; ++plane) {
      float* sums = row.data() + plane * width + left;
      const float* map = plane + 1 == planes_ ? nullptr : maps.data() + (static_cast<std::int64_t>(plane) * side + y - top) * side;
      for (std::int64_t x = 0; x < columns; ++x) sums[x] += down * tile_window_[static_cast<std::size_t>(x)] * (map ? map[x] : 1.0F);
    }
  }
}

// The first blended row is complete: averages it over the window's width, tissue only, at each cell of the grid.
void ScoreGate::finish_row() {
  const auto width = static_cast<std::size_t>(score_grid_.width), phases = kernels_.size(), margin = static_cast<std::size_t>(taps_);
  const std::int64_t y = first_blended_++;
  if (local_weight_ > 0) local_.emplace_back();
  if (blended_.empty()) return;
  Plane row = std::move(blended_.front());
  blended_.pop_front();
  float* weights = row.data() + (planes_ - 1) * width;
  if (std::all_of(weights, weights + width, [](float weight) { return weight == 0; })) return;
  if (local_weight_ > 0) local_.back() = margins_of(row);

  const auto centre = [&](std::int64_t cell, std::int64_t end) { return std::min(cell * score_stride_ + score_stride_ / 2, end - 1); };
  tissue_.select(centre(y, plan_.frame.size.height));
  for (std::size_t x = 0; x < width; ++x) {
    if (weights[x] == 0) continue;
    const float share = tissue_.at(centre(static_cast<std::int64_t>(x), plan_.frame.size.width)) ? 1.0F : kGlass;
    for (std::size_t plane = 0; plane + 1 < planes_; ++plane) row[plane * width + x] *= share / weights[x];
    weights[x] = share;
  }
  SmoothRow smooth{(static_cast<double>(y) + 0.5) * static_cast<double>(score_stride_), Plane(planes_ * width * phases)};
  Plane padded(width + 2 * margin), sums(width);
  for (std::size_t plane = 0; plane < planes_; ++plane) {
    std::copy_n(row.data() + plane * width, width, padded.data() + margin);
    for (std::size_t phase = 0; phase < phases; ++phase) {
      std::fill(sums.begin(), sums.end(), 0.0F);
      for (std::size_t tap = 0; tap < kernels_[phase].size(); ++tap)
        for (std::size_t x = 0; x < width; ++x) sums[x] += kernels_[phase][tap] * padded[x + tap];
      for (std::size_t x = 0; x < width; ++x) smooth.values[plane * width * phases + x * phases + phase] = sums[x];
    }
  }
  smooth_.push_back(std::move(smooth));
}

ScoreGate::Plane ScoreGate::margins_of(const Plane& row) const {
  const auto width = static_cast<std::size_t>(score_grid_.width);
  const float* weights = row.data() + (planes_ - 1) * width;
  Plane margins((planes_ - 1) * width);
  for (std::size_t c = 0; c + 1 < planes_; ++c)
    for (std::size_t x = 0; x < width; ++x)
      if (weights[x] > 0) margins[c * width + x] = calibration_.margin(c, row[c * width + x] / weights[x]);
  return margins;
}

void ScoreGate::apply_local(std::int64_t grid_y, std::span<float> values, std::int64_t width) {
  const std::int64_t stride = score_stride_ / grid_stride_;  // grid cells
  const BetweenCells rows(grid_y, stride, score_grid_.height);
  while (first_local_ < static_cast<std::int64_t>(rows.before) && !local_.empty()) {
    local_.pop_front();
    ++first_local_;
  }
  const auto row_at = [&](std::size_t y) -> const Plane* {
    const std::size_t at = y - static_cast<std::size_t>(first_local_);
    return at < local_.size() && !local_[at].empty() ? &local_[at] : nullptr;
  };
  const Plane *before = row_at(rows.before), *after = row_at(rows.after);
  if (!before && !after) return;
  const std::size_t classes = planes_ - 1, score_width = static_cast<std::size_t>(score_grid_.width);
  std::vector<float> margins(classes);
  for (std::int64_t x = 0; x < width; ++x) {
    const BetweenCells columns(x, stride, score_grid_.width);
    for (std::size_t c = 0; c < classes; ++c) {
      const auto in = [&](const Plane* row) {
        return row ? columns((*row)[c * score_width + columns.before], (*row)[c * score_width + columns.after]) : 0.0F;
      };
      margins[c] = rows(in(before), in(after));
    }
    const float most = *std::ranges::max_element(margins);
    for (std::size_t c = 0; c < classes; ++c)
      values[c * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)] *= std::exp(local_weight_ * (margins[c] - most));
  }
}

void ScoreGate::apply(std::int64_t grid_y, std::span<float> values, std::int64_t width) {
  if (open()) return;
  const double y = (static_cast<double>(grid_y) + 0.5) * static_cast<double>(grid_stride_);
  while (first_blended_ < score_grid_.height &&
         (static_cast<double>(first_blended_) + 0.5) * static_cast<double>(score_stride_) < y + reach_)
    finish_row();
  while (!smooth_.empty() && smooth_.front().y + reach_ <= y) smooth_.pop_front();
  if (smooth_.empty()) return;  // no tile is near: there are no values either

  const std::size_t row_width = smooth_.front().values.size() / planes_, classes = planes_ - 1, cells = static_cast<std::size_t>(width);
  Plane sums(planes_ * row_width);
  for (const SmoothRow& row : smooth_) {
    const auto down = static_cast<float>(weight(y - row.y));
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += down * row.values[i];
  }
  std::vector<float> presence(classes);
  for (std::size_t x = 0; x < cells; ++x) {
    const float total = sums[classes * row_width + x];
    if (total <= 0) continue;
    float most = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      const float score = sums[c * row_width + x] / total;
      presence[c] = 1 / (1 + std::exp(-calibration_.margin(c, score)));
      most = std::max(most, presence[c]);
    }
    for (std::size_t c = 0; c < classes; ++c) values[c * cells + x] *= presence[c] * std::pow(presence[c] / most, kRivalry - 1);
  }
  if (local_weight_ > 0) apply_local(grid_y, values, width);
}

}  // namespace wsi_lpd::core
