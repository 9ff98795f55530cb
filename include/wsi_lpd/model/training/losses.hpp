#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <array>

namespace wsi_lpd::model::training {

/// Pseudo masks give background this much activation (logit units).
inline constexpr double kBackgroundActivation = 0.2;

struct ClassificationLoss {
  torch::Tensor total;
  std::array<torch::Tensor, 4> levels;
};

/// L_cls: at every scale the mean binary cross entropy of merged scores [B, C] with image labels [B, C], weighted. A weight of 0 gives zero
/// gradients, not absent ones, so that weight decay reaches every parameter.
ClassificationLoss classification_loss(const std::array<torch::Tensor, 4>& scores, const torch::Tensor& labels,
                                       const std::array<double, 4>& weights);

/// Argmax over (background, merged stage-4 maps [B, C, h, w]): I64 [B, h, w], 0 background, c + 1 class c, ties to the lower.
torch::Tensor pseudo_mask(const torch::Tensor& merged_maps);

struct DiversityOptions {
  int index_shift = 1;  ///< class c is where the mask is c + index_shift; the published code has 0
  int softmaxes = 1;    ///< over the pixels; the published code has 2, which leaves hardly any gradient
};

/// L_div: how alike the k prototypes of a class attend to that class's pixels: mean of exp(−Jeffreys divergence) over their pairs, over the
/// classes found in an image, over images. `feature` [B, D, h, w], `prototypes` [C·k, D], `mask` I64 [B, h, w]. With k = 1 it is 0.
torch::Tensor diversity_loss(const torch::Tensor& feature, const torch::Tensor& prototypes, const torch::Tensor& mask,
                             int prototypes_per_class, const DiversityOptions& options = {});

}  // namespace wsi_lpd::model::training
