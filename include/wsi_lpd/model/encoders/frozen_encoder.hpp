#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <filesystem>
#include <memory>

namespace wsi_lpd::model::encoders {

/// An image encoder that teaches the prototypes and does not learn. Not thread-safe.
class FrozenEncoder {
 public:
  static constexpr std::int64_t kInputSize = 224;

  virtual ~FrozenEncoder() = default;
  /// Features [N, D], float32, of normalised RGB images [N, 3, H, W], which are brought to 224 × 224 where they are of another size.
  /// Gradients reach the images. With `bfloat16` products are computed in bfloat16.
  torch::Tensor operator()(const torch::Tensor& images, bool bfloat16 = false);

 private:
  virtual torch::Tensor encode(const torch::Tensor& images) = 0;
};

/// Swin-T with its projection, under Hugging Face's names in a safetensors file, or else a TorchScript module that takes [N, 3, 224, 224]
/// and gives [N, D]. Throws Error: not there, neither of the two, tensors missing or of another shape.
std::unique_ptr<FrozenEncoder> load_frozen_encoder(const std::filesystem::path& path, const torch::Device& device);

}  // namespace wsi_lpd::model::encoders
