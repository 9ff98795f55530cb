#include "wsi_lpd/model/network/calibration.hpp"

namespace wsi_lpd::model::network {
namespace {

using torch::Tensor;

struct Gate {
  float threshold, width;
};

/// Platt's fit: threshold and width for which σ((score − threshold) / width) is the likeliest probability that the class is there, with
/// his softened targets, which keep it sound where scores separate the images perfectly or all images are of one kind. Searched on a
/// grid: two parameters, no divergence.
Gate fit_gate(const Tensor& scores, const Tensor& present) {
  const auto low = scores.min().item<double>();
  const double range = std::max(scores.max().item<double>() - low, 1e-3);
  const Tensor thresholds = torch::linspace(low - range / 2, low + 1.5 * range, 101).view({1, -1, 1});
  const Tensor widths = range * torch::logspace(-2, 0, 41).view({1, 1, -1});
  const Tensor with = present.sum(), without = (1 - present).sum();
  const Tensor targets = torch::where(present > 0.5, (with + 1) / (with + 2), 1 / (without + 2));
  const Tensor logits = (scores.view({-1, 1, 1}) - thresholds) / widths;
  const Tensor loss =
      torch::binary_cross_entropy_with_logits(logits, targets.view({-1, 1, 1}).expand_as(logits), {}, {}, at::Reduction::None).sum(0);
  const auto best = loss.argmin().item<std::int64_t>();
  return {thresholds[0][best / widths.numel()].item<float>(), widths[0][0][best % widths.numel()].item<float>() / core::kGateSteepness};
}

}  // namespace

core::Calibration fit_calibration(const Tensor& scores, const Tensor& labels) {
  core::Calibration calibration;
  for (std::int64_t c = 0; c < scores.size(1); ++c) {
    const auto [threshold, width] = fit_gate(scores.select(1, c), labels.select(1, c));
    calibration.score_threshold.push_back(threshold);
    calibration.score_width.push_back(width);
  }
  return calibration;
}

}  // namespace wsi_lpd::model::network
