#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

// All functions here are thread-safe.
namespace wsi_lpd::model::network {

/// A class's score x · weight + intercept, in units of log odds.
struct LogisticModel {
  torch::Tensor weight;  ///< [D], float64
  double intercept = 0;
  torch::Tensor scores(const torch::Tensor& features) const { return features.mv(weight) + intercept; }
};

/// Logistic regression with an L2 penalty and balanced classes: the minimum over weight w and intercept b of
///   ½ ‖w‖² + C Σ s_i log(1 + exp(−y_i (x_i · w + b))),
/// where y_i is 1 for a label above ½ and else −1, and s_i = N / (2 · images of that kind). The intercept is not penalised. This is
/// scikit-learn's LogisticRegression(C=strength, class_weight="balanced"). `features` [N, D] and `labels` [N] are float64, on the CPU, with
/// at least one label of each kind. Newton's method with step halving, from `start` if it is given, until no part of the gradient exceeds
/// 1e-9 of C Σ s_i; a step costs N · D² operations.
LogisticModel fit_logistic(const torch::Tensor& features, const torch::Tensor& labels, double strength,
                           const LogisticModel* start = nullptr);

/// Gradient [D + 1] of that function at `model`: weight, then intercept.
torch::Tensor logistic_gradient(const torch::Tensor& features, const torch::Tensor& labels, double strength, const LogisticModel& model);

}  // namespace wsi_lpd::model::network
