#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include "wsi_lpd/model/network/model_info.hpp"

namespace wsi_lpd::model::network {

/// Fits the score threshold and width of each class from images with image labels, without pixel truth. Platt's method (1999) fits σ((score
/// − threshold) / w) to the probability that the class is present; the calibration's width is w / 2, so that the maps of a likely class are
/// hardly dimmed. `scores` [N, C] as from class_scores, `labels` [N, C] of 0 or 1, both on the CPU, N > 0. Thread-safe.
core::Calibration fit_calibration(const torch::Tensor& scores, const torch::Tensor& labels);

}  // namespace wsi_lpd::model::network
