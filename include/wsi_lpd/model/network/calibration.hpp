#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include "wsi_lpd/model/network/model_info.hpp"

namespace wsi_lpd::model::network {

/// From which scores on a class is there, learnt from images whose labels are known, without pixel truth: the gate follows the probability
/// that a class is there (Platt 1999). `scores` [N, C] as class_scores gives them, `labels` [N, C] of 0 or 1, N > 0.
core::Calibration fit_calibration(const torch::Tensor& scores, const torch::Tensor& labels);

}  // namespace wsi_lpd::model::network
