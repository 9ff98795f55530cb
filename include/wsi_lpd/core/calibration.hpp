#pragma once
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
  bool operator==(const Calibration&) const = default;
};

}  // namespace wsi_lpd::core
