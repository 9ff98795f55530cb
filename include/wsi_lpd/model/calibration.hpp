#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <vector>

#include "wsi_lpd/model/class_maps.hpp"

namespace wsi_lpd::model {

/// Learns a Calibration from what the network says of images whose labels are known; no pixel truth. The gate follows the probability that
/// a class is there (Platt 1999); a map is full at a share of the peak it usually has in images with the class. Memory grows with the
/// images.
class Calibrator {
 public:
  /// `evidence` of B images, `scores` [B, C] as class_scores gives them, `labels` [B, C] of 0 or 1.
  void add(const std::array<torch::Tensor, 3>& evidence, const torch::Tensor& scores, const torch::Tensor& labels);
  /// Throws Error when there was no image.
  Calibration finish() const;

 private:
  std::array<std::vector<torch::Tensor>, 3> evidence_;
  std::vector<torch::Tensor> scores_, labels_;
};

}  // namespace wsi_lpd::model
