#pragma once
// Private to model/network. Brings in LibTorch.
#include <string>
#include <vector>

#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/model/network/presence_head.hpp"

namespace wsi_lpd::model::network {

/// Collects the features of images of which the classes of some pixels are known. Not thread-safe.
class PartlyKnown {
 public:
  explicit PartlyKnown(int classes) : classes_(classes) {}
  /// `maps` [B, D, h, w] on the CPU, of the images of `batch`, which has pixels; `groups` [B]. The mean over the cells of a class is a
  /// feature of that class alone, over those of the background one of no class; a cell belongs to what most of its known pixels are. The
  /// mean over the image is one of which PatchBatch::presence is known.
  void add(const torch::Tensor& maps, const PatchBatch& batch, const std::vector<std::string>& groups);
  ExtraFeatures features() &&;

 private:
  int classes_;
  std::vector<torch::Tensor> features_, labels_;
  std::vector<std::string> groups_;
};

}  // namespace wsi_lpd::model::network
