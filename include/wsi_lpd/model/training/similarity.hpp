#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

// Terms of the similarity loss L_sim. All functions are thread-safe.
namespace wsi_lpd::model::training {

/// Selects the prototypes that explain an image: prototypes of a present class (`labels` [B, C]) with a stage-4 score (`scores` [B, P])
/// above the mean of their class. I64 [N, 2] of (image, prototype), sorted by image, then by prototype. With k = 1 there are none.
torch::Tensor select_prototypes(const torch::Tensor& scores, const torch::Tensor& labels, int prototypes_per_class);

/// For each selection, the part of the image that the prototype responds to and the rest, [N, 3, H, W] each.
struct MaskedImages {
  torch::Tensor foreground;
  torch::Tensor background;
};

/// Foreground: map · image where the stage-4 map (`maps` [B, P, h, w], logit units) reaches `threshold` times the largest value of all maps
/// of the image. Background: (1 − map) · image elsewhere. Maps are resized to `images` [B, 3, H, W] (bilinear, align_corners). Gradients
/// flow through the maps, not through the threshold.
MaskedImages mask_images(const torch::Tensor& images, const torch::Tensor& maps, const torch::Tensor& selected, double threshold);

/// Cosine similarities of image features [N, D] and prototypes [P, D], divided by the temperature: [N, P].
torch::Tensor contrast_logits(const torch::Tensor& features, const torch::Tensor& prototypes, double temperature);

/// InfoNCE of the foregrounds: the positive is the own prototype, the negatives are all others. `logits` [N, P], `own` I64 [N], the index
/// of the own prototype.
torch::Tensor foreground_contrast(const torch::Tensor& logits, const torch::Tensor& own);

/// PBIP's form of the foreground and background terms: exponentials of all selections are summed before one logarithm.
torch::Tensor foreground_contrast_of_batch(const torch::Tensor& logits, const torch::Tensor& own);
torch::Tensor background_contrast_of_batch(const torch::Tensor& logits, const torch::Tensor& own);

/// InfoNCE of the backgrounds: all other prototypes together are the positives, the own prototype is the negative.
torch::Tensor background_contrast(const torch::Tensor& logits, const torch::Tensor& own);

}  // namespace wsi_lpd::model::training
