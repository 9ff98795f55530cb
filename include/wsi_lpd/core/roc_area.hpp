#pragma once
#include <span>

namespace wsi_lpd::core {

/// Area under the ROC curve: the probability that an image with the class (label above ½) scores higher than one without it, where equal
/// scores count as half. `scores` and `labels` have the same length. NaN if there is no image of either kind. Thread-safe.
double roc_area(std::span<const float> scores, std::span<const float> labels);

}  // namespace wsi_lpd::core
