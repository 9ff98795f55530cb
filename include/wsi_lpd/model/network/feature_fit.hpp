#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// All functions here are thread-safe.
namespace wsi_lpd::model::network {

/// How the features of training images lie, to tell how far those of another image are from them: a Gaussian in their leading principal
/// components, and the length of what lies outside of these. With z = (x − mean) · scale and t = axes · z, the distance of x is
///   d = √(Σ weights_i · t_i² + weights_Q · (|z|² − |t|²)).
/// It is above 1 for about 1 % of images that are like the training's.
struct FeatureFit {
  torch::Tensor mean;     ///< [D]
  torch::Tensor scale;    ///< [D]: 1 / deviation, 1 for a feature that does not vary (by 1e-6 of its mean)
  torch::Tensor axes;     ///< [Q, D], orthonormal rows: the principal components of z
  torch::Tensor weights;  ///< [Q + 1]: of each component, and of the residual

  /// Distances [N] of features [N, D], both on the device and of the type of the tensors above.
  torch::Tensor distances(const torch::Tensor& features) const;
  FeatureFit to(const torch::Device& device) const { return {mean.to(device), scale.to(device), axes.to(device), weights.to(device)}; }
};

/// Fewer images than these do not tell where 1 % of others will lie.
inline constexpr std::int64_t kFewestToFit = 30;

/// Fits on `features` [N, D], finite, on the CPU; `groups` [N] names the patient of each image. There are Q = N / 5 components, at most 32
/// and D. With v_i the variance of component i, T and R the means over the images of Σ t_i² / v_i and of |z|² − |t|², the squared distance
/// is
///   (Q / T · Σ t_i² / v_i + (D − Q) / R · (|z|² − |t|²)) / d₉₉,
/// d₉₉ being the 99th percentile of the bracket: Mahalanobis' distance for one variance in all directions outside of the components, as in
/// probabilistic principal components (Tipping and Bishop 1999). D counts features that vary. T, R and d₉₉ are those of images that are
/// held out: each of five folds over patients is measured by a fit on the others. An image that a fit has seen is too near, the more so
/// with fewer images than features. float32. Nothing if there are fewer than kFewestToFit images or two patients, or nothing varies.
std::optional<FeatureFit> fit_features(const torch::Tensor& features, const std::vector<std::string>& groups);

}  // namespace wsi_lpd::model::network
