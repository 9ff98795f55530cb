#include "wsi_lpd/core/score_gate.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace wsi_lpd {

ScoreGate::ScoreGate(const TilePlan& plan, const Presence& presence, int grid_stride)
    : plan_(plan), presence_(presence), stride_(grid_stride), reach_(kReach * plan.tile) {}

std::int64_t ScoreGate::rows_waiting() const {
  return open() ? 0 : static_cast<std::int64_t>(std::ceil((reach_ - plan_.tile / 2.0) / stride_));
}

double ScoreGate::weight(double distance) const {
  if (std::abs(distance) >= reach_) return 0;
  const double c = std::cos(std::numbers::pi / 2 * distance / reach_);
  return c * c;
}

void ScoreGate::add(const Tile& tile, std::span<const float> scores) {
  if (open()) return;
  const auto columns = static_cast<std::size_t>(plan_.columns);
  if (rows_.empty() || rows_.back().y != tile.y)
    rows_.push_back({tile.y, std::vector<float>(scores.size() * columns), std::vector<float>(columns)});
  const auto column = static_cast<std::size_t>(tile.x / plan_.stride);
  rows_.back().weights[column] = 1;
  for (std::size_t c = 0; c < scores.size(); ++c) rows_.back().sums[c * columns + column] = scores[c];
}

void ScoreGate::apply(std::int64_t grid_y, std::span<float> values, std::int64_t width) {
  if (open()) return;
  const std::size_t classes = presence_.threshold.size();
  const std::int64_t columns = plan_.columns;
  const double half = plan_.tile / 2.0, y = (static_cast<double>(grid_y) + 0.5) * stride_;
  while (!rows_.empty() && static_cast<double>(rows_.front().y) + half + reach_ <= y) rows_.pop_front();

  std::vector<float> sums(classes * static_cast<std::size_t>(columns)), weights(static_cast<std::size_t>(columns));
  for (const Row& row : rows_) {
    const auto w = static_cast<float>(weight(y - static_cast<double>(row.y) - half));
    if (w == 0) continue;
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += w * row.sums[i];
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] += w * row.weights[i];
  }

  std::vector<float> score(classes);
  for (std::int64_t cell = 0; cell < width; ++cell) {
    const double x = (static_cast<double>(cell) + 0.5) * stride_ - half;  // in the frame of tiles' left edges
    const std::int64_t first = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil((x - reach_) / plan_.stride)));
    const std::int64_t last = std::min(columns - 1, static_cast<std::int64_t>(std::floor((x + reach_) / plan_.stride)));
    float total = 0;
    std::fill(score.begin(), score.end(), 0.0F);
    for (std::int64_t column = first; column <= last; ++column) {
      const auto i = static_cast<std::size_t>(column);
      if (weights[i] == 0) continue;
      const auto w = static_cast<float>(weight(x - static_cast<double>(column * plan_.stride)));
      total += w * weights[i];
      for (std::size_t c = 0; c < classes; ++c) score[c] += w * sums[c * static_cast<std::size_t>(columns) + i];
    }
    if (total <= 0) continue;  // no tile is near: there are no values either
    for (std::size_t c = 0; c < classes; ++c) {
      const float presence = 1 / (1 + std::exp((presence_.threshold[c] - score[c] / total) / presence_.width[c]));
      values[c * static_cast<std::size_t>(width) + static_cast<std::size_t>(cell)] *= presence;
    }
  }
}

}  // namespace wsi_lpd
