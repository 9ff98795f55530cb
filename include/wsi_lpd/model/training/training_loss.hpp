#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/encoders/frozen_encoder.hpp"
#include "wsi_lpd/model/network/network.hpp"
#include "wsi_lpd/model/training/loss_options.hpp"
#include "wsi_lpd/model/training/losses.hpp"

namespace wsi_lpd::model::training {

/// What is known of the images of a batch.
struct TrainingTargets {
  torch::Tensor labels;      ///< [B, C] of 0 or 1; NaN for an image without labels
  torch::Tensor pixels{};    ///< as in pixel_loss; may be undefined
  torch::Tensor presence{};  ///< as in teacher_loss; may be undefined
  bool paired = false;       ///< the second half of the batch shows the images of the first half in other stains
};

/// The loss terms of one step, scalars. Gradients flow through `total`.
struct TrainingLoss {
  torch::Tensor total;
  ClassificationLoss classification;
  torch::Tensor diversity;               ///< this and the next four are 0 (or empty) without `all_terms`, or if their weight is 0
  torch::Tensor foreground, background;  ///< contrastive terms of L_sim; 0 if no prototype was selected
  torch::Tensor map_mean;                ///< mean of the stage-4 maps
  torch::Tensor pixel;      ///< pixel_loss(); this and the next two do not wait for `all_terms`, and are 0 without their targets
  torch::Tensor teacher;    ///< teacher_loss() of the stage-4 scores
  torch::Tensor agreement;  ///< agreement_loss() of the fused maps as in open_maps, and of the stage-4 scores
  torch::Tensor selected;   ///< I64 [N, 2], from select_prototypes
};

/// L_cls, and the losses of pixels, teacher and agreement with their weights; with `all_terms` also w_div · L_div + w_sim · (L_fg + L_bg +
/// w_map · mean map). `images` [B, 3, H, W] normalised, `prototypes` [P, D] in the feature space of the frozen encoder. Without `frozen`
/// there is no L_sim. Images without labels do not count in L_cls and L_sim.
TrainingLoss training_loss(const network::NetworkOutput& output, const torch::Tensor& images, const TrainingTargets& targets,
                           const torch::Tensor& prototypes, int prototypes_per_class, const LossOptions& options, bool all_terms,
                           encoders::FrozenEncoder* frozen, bool bfloat16 = false);

}  // namespace wsi_lpd::model::training
