#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <map>
#include <string>
#include <vector>

namespace wsi_lpd::model::encoders {

/// Swin-T (Liu et al. 2021) as in MedCLIP's vision tower: patch 4, width 96, depths 2, 2, 6, 2, window 7, mean over the last tokens, then a
/// linear projection to 512 without bias. The weights are constants, not parameters. Thread-safe.
class SwinTransformer {
 public:
  /// Width of the features.
  static constexpr std::int64_t kFeature = 512;

  /// Names and shapes of all tensors: those of Hugging Face's SwinModel, and `projection_head.weight`.
  static std::map<std::string, std::vector<std::int64_t>> shapes();

  /// Copies the tensors of shapes() to `device` as float32; other tensors are ignored. Throws Error: a tensor is missing or has another
  /// shape.
  SwinTransformer(const std::map<std::string, torch::Tensor>& weights, const torch::Device& device);
  /// Normalised images [N, 3, 224, 224] to the tokens after the last layer norm, [N, 49, 768].
  torch::Tensor tokens(const torch::Tensor& images) const;
  /// Features [N, 512], not normalised.
  torch::Tensor forward(const torch::Tensor& images) const;

 private:
  torch::Tensor block(const torch::Tensor& tokens, const std::string& name, std::int64_t side, std::int64_t heads,
                      std::int64_t shift) const;
  torch::Tensor attention(const torch::Tensor& windows, const std::string& name, std::int64_t heads, const torch::Tensor& mask) const;
  torch::Tensor layer_norm(const torch::Tensor& tokens, const std::string& name) const;
  torch::Tensor linear(const torch::Tensor& tokens, const std::string& name) const;
  const torch::Tensor& weight(const std::string& name) const { return weights_.at(name); }

  std::map<std::string, torch::Tensor> weights_;
  torch::Tensor bias_index_;  ///< [49 · 49]: row of the bias table for each pair of a window's tokens
};

}  // namespace wsi_lpd::model::encoders
