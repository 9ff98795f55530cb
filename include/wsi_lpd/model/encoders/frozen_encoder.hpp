#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <filesystem>
#include <memory>

namespace wsi_lpd::model::encoders {

/// A frozen image encoder, whose features supervise the prototypes. Not thread-safe.
class FrozenEncoder {
 public:
  static constexpr std::int64_t kInputSize = 224;

  virtual ~FrozenEncoder() = default;
  /// Features [N, D], float32, of normalised RGB images [N, 3, H, W]. Images of another size are resized to 224 × 224 (bilinear). Gradients
  /// flow back to the images. With `bfloat16`, matrix products are computed in bfloat16 (runtime::Autocast).
  torch::Tensor operator()(const torch::Tensor& images, bool bfloat16 = false);

 private:
  virtual torch::Tensor encode(const torch::Tensor& images) = 0;
};

/// Loads a frozen encoder: a .safetensors file with Swin-T and its projection under Hugging Face's names, or else a TorchScript module from
/// [N, 3, 224, 224] to [N, D]. A TorchScript module is code that runs. Throws UsageError: no such file; Error: neither of the two, tensors
/// missing or of another shape.
std::unique_ptr<FrozenEncoder> load_frozen_encoder(const std::filesystem::path& path, const torch::Device& device);

}  // namespace wsi_lpd::model::encoders
