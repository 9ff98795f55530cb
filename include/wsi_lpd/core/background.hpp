#pragma once
#include <cmath>

namespace wsi_lpd::core {

/// The paper's score of the background at a pixel is (1 − m)^kBackgroundPower, where m is the largest class value at the pixel, 0…1.
inline constexpr float kBackgroundPower = 10;

/// The class value t at which class and background are level: t = (1 − t)^kBackgroundPower. A pixel has a class where the largest class
/// value exceeds this.
inline constexpr float kBackgroundThreshold = 0.164920957F;

inline float background_score(float largest) { return std::pow(1 - largest, kBackgroundPower); }

}  // namespace wsi_lpd::core
