#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

namespace wsi_lpd::model::encoders {

/// ResNet50 (He et al. 2016) as in torchvision and timm, with the stride in the 3 × 3 convolutions and without the classifier. The weights
/// are constants, not parameters; batch norms are folded into the convolutions before them. Thread-safe.
class ResNet50 {
 public:
  static constexpr std::int64_t kWidth = 2048, kStride = 32;

  /// Names and shapes of all tensors: those of torchvision.
  static std::map<std::string, std::vector<std::int64_t>> shapes();

  /// Copies the tensors of shapes() to `device` as float32. Throws Error: a tensor is missing, unknown or has another shape.
  ResNet50(const std::map<std::string, torch::Tensor>& weights, const torch::Device& device);
  /// RGB images [N, 3, H, W] in the encoder's own statistics to the map of the last stage, [N, kWidth, h, w] at kStride.
  torch::Tensor map(const torch::Tensor& images) const;
  /// Features [N, 2048]: the mean of map().
  torch::Tensor forward(const torch::Tensor& images) const { return map(images).mean({2, 3}); }

 private:
  struct Convolution {
    torch::Tensor weight, bias;
  };
  torch::Tensor convolve(const torch::Tensor& input, const std::string& name, std::int64_t stride = 1) const;
  torch::Tensor bottleneck(const torch::Tensor& input, const std::string& name, std::int64_t stride) const;

  std::map<std::string, Convolution> convolutions_;  ///< by the convolution's name
};

}  // namespace wsi_lpd::model::encoders
