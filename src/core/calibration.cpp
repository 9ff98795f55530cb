#include "wsi_lpd/core/calibration.hpp"

namespace wsi_lpd::core {

std::vector<float> Calibration::margins(std::span<const float> scores) const {
  std::vector<float> margins;
  margins.reserve(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) margins.push_back(margin(i % score_threshold.size(), scores[i]));
  return margins;
}

JointScore::JointScore(const Calibration& head, const Calibration& own, float own_weight) {
  for (std::size_t c = 0; c < head.score_threshold.size(); ++c) {
    const float weight = own.empty() ? 0 : own_weight;
    head_factor.push_back(1 / head.score_width[c]);
    own_factor.push_back(weight == 0 ? 0 : weight / own.score_width[c]);
    offset.push_back(head.margin(c, 0) + (weight == 0 ? 0 : weight * own.margin(c, 0)));
  }
}

}  // namespace wsi_lpd::core
