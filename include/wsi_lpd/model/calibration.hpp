#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <vector>

#include "wsi_lpd/model/class_maps.hpp"

namespace wsi_lpd::model {

/// Learns a Calibration from what the network says of images whose labels are known; no pixel truth. The gate is the probability that a
/// class is there (Platt 1999); a map runs from its median in images without the class up to a share of its usual peak in images with it.
/// Memory grows with the images.
class Calibrator {
 public:
  /// `evidence` of B images, `scores` [B, C] of stage 4 as merged at test, `labels` [B, C] of 0 or 1.
  void add(const std::array<torch::Tensor, 3>& evidence, const torch::Tensor& scores, const torch::Tensor& labels);
  /// Throws Error when there was no image.
  Calibration finish() const;

 private:
  std::array<std::vector<torch::Tensor>, 3> evidence_;
  std::vector<torch::Tensor> scores_, labels_;
};

}  // namespace wsi_lpd::model
