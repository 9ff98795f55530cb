#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

namespace wsi_lpd::model::training {

/// The prototypes that explain an image: of a class that is present (`labels` [B, C]), with a stage-4 score (`scores` [B, P]) above the
/// mean of their class. I64 [N, 2] of (image, prototype), by image, then by prototype; with k = 1 there are none.
torch::Tensor select_prototypes(const torch::Tensor& scores, const torch::Tensor& labels, int prototypes_per_class);

/// What a prototype sees and what it leaves, one image a selection: [N, 3, H, W] each.
struct MaskedImages {
  torch::Tensor foreground;
  torch::Tensor background;
};

/// map · image where the stage-4 map (`maps` [B, P, h, w], logit units) reaches `threshold` times the largest value of all the image's
/// maps, and (1 − map) · image elsewhere; maps are brought to the size of `images` [B, 3, H, W] bilinearly, align_corners. Gradients flow
/// through the maps, none through the threshold.
MaskedImages mask_images(const torch::Tensor& images, const torch::Tensor& maps, const torch::Tensor& selected, double threshold);

/// Cosines of image features [N, D] with prototypes [P, D], over the temperature: [N, P].
torch::Tensor contrast_logits(const torch::Tensor& features, const torch::Tensor& prototypes, double temperature);

/// InfoNCE of what a prototype sees: near to it, far from all the others. `logits` [N, P], `own` I64 [N].
torch::Tensor foreground_contrast(const torch::Tensor& logits, const torch::Tensor& own);

/// PBIP's form of the two: exponentials of all selections are summed before one logarithm.
torch::Tensor foreground_contrast_of_batch(const torch::Tensor& logits, const torch::Tensor& own);
torch::Tensor background_contrast_of_batch(const torch::Tensor& logits, const torch::Tensor& own);

/// InfoNCE of what a prototype leaves, with all the others as positives together and itself as the negative.
torch::Tensor background_contrast(const torch::Tensor& logits, const torch::Tensor& own);

}  // namespace wsi_lpd::model::training
