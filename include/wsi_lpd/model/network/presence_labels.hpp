#pragma once
#include <string>
#include <vector>

namespace wsi_lpd::model::network {

/// Throws Error where a presence head can't be fitted to images with these labels, and judged on held-out patients, whatever their features
/// are: fewer than two groups, a class in fewer than five images or in all but fewer than five, or all its images, or all others, in one
/// fold. `labels` [N, C] of 0 or 1, row by row; `groups` [N] names the patient of each image; `classes` [C] names the classes in the
/// message. Thread-safe.
void check_presence_labels(const std::vector<float>& labels, const std::vector<std::string>& groups,
                           const std::vector<std::string>& classes);

}  // namespace wsi_lpd::model::network
