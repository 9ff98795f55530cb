#include "wsi_lpd/core/cell_entropy.hpp"

#include <algorithm>
#include <cmath>

#include "wsi_lpd/core/background.hpp"

namespace wsi_lpd::core {

double cell_entropy(const float* values, std::size_t classes, std::size_t step) {
  double sum = 0, weighted = 0;  // Σ v, Σ v ln v: the entropy is ln Σ v − Σ v ln v ÷ Σ v
  float most = 0;
  const auto add = [&](double value) {
    if (value <= 0) return;
    sum += value;
    weighted += value * std::log(value);
  };
  for (std::size_t c = 0; c < classes; ++c) {
    most = std::max(most, values[c * step]);
    add(values[c * step]);
  }
  add(background_score(most));
  return std::max(0.0, std::log(sum) - weighted / sum) / std::log(static_cast<double>(classes) + 1);
}

}  // namespace wsi_lpd::core
