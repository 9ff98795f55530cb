#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include <array>

// Losses of LPD (arXiv 2512.05922). All functions are thread-safe.
namespace wsi_lpd::model::training {

/// Activation of the background in pseudo masks, logit units.
inline constexpr double kBackgroundActivation = 0.2;

/// Scalars; `levels` are the unweighted losses of scales 1…4.
struct ClassificationLoss {
  torch::Tensor total;
  std::array<torch::Tensor, 4> levels;
};

/// L_cls: the weighted sum over scales of the mean binary cross entropy of merged scores [B, C] with image labels [B, C]. A weight of 0
/// gives zero gradients instead of none, so that weight decay still reaches every parameter.
ClassificationLoss classification_loss(const std::array<torch::Tensor, 4>& scores, const torch::Tensor& labels,
                                       const std::array<double, 4>& weights);

/// Argmax over the background and the merged stage-4 maps [B, C, h, w]: I64 [B, h, w], 0 background, c + 1 class c; the lower value wins a
/// tie.
torch::Tensor pseudo_mask(const torch::Tensor& merged_maps);

struct DiversityOptions {
  int index_shift = 1;  ///< class c has the mask value c + index_shift; 0 in the published code
  int softmaxes = 1;    ///< number of softmaxes over the pixels; 2 in the published code, which leaves hardly any gradient
};

/// L_div: how similarly the k prototypes of a class attend to the pixels of that class. It is the mean of exp(−Jeffreys divergence) over
/// the pairs of prototypes, over the classes found in an image, and over images. `feature` [B, D, h, w], `prototypes` [C·k, D], `mask` I64
/// [B, h, w]. 0 for k = 1.
torch::Tensor diversity_loss(const torch::Tensor& feature, const torch::Tensor& prototypes, const torch::Tensor& mask,
                             int prototypes_per_class, const DiversityOptions& options = {});

/// Mean cross entropy of fused logits [B, C, h, w] with the known pixels of `pixels`, bytes [B, H, W]: the class of each pixel, C for the
/// background, or network::kUnknownPixel. H and W are the same multiple of h and w; the middle pixel of each cell counts. 0 where no pixel
/// is known. Pixels of the background are left out: which class the logits are highest for says nothing of them.
torch::Tensor pixel_loss(const torch::Tensor& fused, const torch::Tensor& pixels);

/// Mean binary cross entropy of scores [B, C], log odds, with the probabilities of a teacher [B, C] that are not NaN. 0 where all are.
torch::Tensor teacher_loss(const torch::Tensor& scores, const torch::Tensor& presence);

/// Mean squared difference of the probabilities σ(z) of two views, for logits of one shape.
torch::Tensor agreement_loss(const torch::Tensor& first, const torch::Tensor& second);

}  // namespace wsi_lpd::model::training
