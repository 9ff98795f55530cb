#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "wsi_lpd/model/encoders/encoder_info.hpp"

namespace wsi_lpd::model::encoders {

/// Sizes of a vision transformer: what the shapes of its tensors tell.
struct VisionTransformerShape {
  std::int64_t width = 0;              ///< D
  std::int64_t depth = 0;              ///< number of blocks
  std::int64_t patch = 0;              ///< side of a patch, pixels
  std::int64_t registers = 0;          ///< R, register tokens (Darcet et al. 2024)
  std::int64_t rows = 0, columns = 0;  ///< patches that there are position embeddings for
  std::int64_t hidden = 0;             ///< width of the MLP's second layer's input
  bool gated = false;                  ///< SwiGLU (Shazeer 2020): the first layer gives gate and value, 2 · hidden
  bool layer_scale = false;            ///< factors of the branches (Touvron et al. 2021)
  bool qkv_bias = true;
};

/// A vision transformer (Dosovitskiy et al. 2021) with a class token and, possibly, register tokens, LayerScale and SwiGLU, as in DINOv2
/// (Oquab et al. 2024) and timm. Images of another size than that of the position embeddings get these interpolated (bicubic). The weights
/// are constants, not parameters. Thread-safe.
class VisionTransformer {
 public:
  /// The size of a tensor by this program's name; empty if there is none.
  using SizesOf = std::function<std::vector<std::int64_t>(const std::string& name)>;
  /// Reads everything from sizes but `rows` and `columns`, which need `pos_embed` in this program's layout. Tensors that are missing or of
  /// another rank leave 0.
  static VisionTransformerShape shape(const SizesOf& sizes);
  /// Names and shapes of all tensors: timm's names. `pos_embed` [1, rows, columns, D] is of the patches alone; those of the class token and
  /// the registers are added into `cls_token` and `reg_token`. `attn.qkv` holds query, key and value one after the other.
  static std::map<std::string, std::vector<std::int64_t>> shapes(const VisionTransformerShape& shape);

  /// Copies the tensors of shapes() to `device` as float32. Throws Error: a tensor is missing, unknown or has another shape; the width
  /// can't be shared among the heads.
  VisionTransformer(const std::map<std::string, torch::Tensor>& weights, const VisionTransformerOptions& options,
                    const torch::Device& device);
  /// RGB images [N, 3, H, W] in the encoder's own statistics to the tokens after the last layer norm, [N, 1 + R + h·w, D]: class token,
  /// registers, patches row by row, h = H / patch, w = W / patch. Throws Error: H or W is not a multiple of the patch.
  torch::Tensor tokens(const torch::Tensor& images) const;
  /// Features of tokens(): [N, D], or [N, 2 D] of class token and mean.
  torch::Tensor pooled(const torch::Tensor& tokens) const;
  torch::Tensor forward(const torch::Tensor& images) const { return pooled(tokens(images)); }
  const VisionTransformerShape& shape() const { return shape_; }
  /// Width of forward()'s features.
  std::int64_t feature_width() const;

 private:
  torch::Tensor embed(const torch::Tensor& images) const;
  torch::Tensor positions(std::int64_t rows, std::int64_t columns) const;
  torch::Tensor attention(const torch::Tensor& tokens, const std::string& block) const;
  torch::Tensor mlp(const torch::Tensor& tokens, const std::string& block) const;
  torch::Tensor layer_norm(const torch::Tensor& tokens, const std::string& name) const;
  torch::Tensor linear(const torch::Tensor& tokens, const std::string& name) const;
  torch::Tensor scaled(const torch::Tensor& branch, const std::string& name) const;
  const torch::Tensor& weight(const std::string& name) const { return weights_.at(name); }

  VisionTransformerShape shape_;
  VisionTransformerOptions options_;
  std::map<std::string, torch::Tensor> weights_;
};

}  // namespace wsi_lpd::model::encoders
