#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace wsi_lpd::core {

/// The gate of a class is so much steeper than the probability that it is present, so that a likely class is hardly dimmed.
inline constexpr float kGateSteepness = 2;

/// When a class counts as present in an image: its presence is σ((score − threshold) / width), the probability of it σ((score − threshold)
/// / (width · kGateSteepness)). Learnt after training from images and image labels alone (model::network::fit_calibration).
struct Calibration {
  std::vector<float> score_threshold;  ///< [C] image-level score (stage 4, mean over prototypes) above which a class counts as present
  std::vector<float> score_width;      ///< [C] softness of the gate around the threshold, in score units, > 0
  /// Nothing is known: for a gate (ScoreGate), every class is always present.
  bool empty() const { return score_threshold.empty(); }
  /// How far a score of class c lies above the threshold, in widths.
  float margin(std::size_t c, float score) const { return (score - score_threshold[c]) / score_width[c]; }
  /// Those of the scores [N, C] of N images, row by row.
  std::vector<float> margins(std::span<const float> scores) const;
  bool operator==(const Calibration&) const = default;
};

/// One score of presence from two: the margin of the head's score plus `own_weight` times the margin of the network's own score. A class
/// counts as present above 0; the width is 1 (Calibration).
struct JointScore {
  /// `own` may be empty: the network's own score does not count.
  JointScore(const Calibration& head, const Calibration& own, float own_weight);

  float operator()(std::size_t c, float head_score, float own_score) const {
    return head_factor[c] * head_score + own_factor[c] * own_score + offset[c];
  }

  std::vector<float> head_factor, own_factor, offset;  ///< [C]
};

}  // namespace wsi_lpd::core
