#pragma once
#include <cstddef>

namespace wsi_lpd::core {

/// How uncertain a cell's class is: −Σ p ln p ÷ ln (C + 1), 0…1, where p is proportional to the value of each class and to the score of the
/// background (background_score). `values`: C class values of 0…1, `step` apart. Thread-safe.
double cell_entropy(const float* values, std::size_t classes, std::size_t step);

}  // namespace wsi_lpd::core
