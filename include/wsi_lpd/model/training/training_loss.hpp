#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/encoders/frozen_encoder.hpp"
#include "wsi_lpd/model/network/network.hpp"
#include "wsi_lpd/model/training/loss_options.hpp"
#include "wsi_lpd/model/training/losses.hpp"

namespace wsi_lpd::model::training {

/// The loss terms of one step, scalars. Gradients flow through `total`.
struct TrainingLoss {
  torch::Tensor total;
  ClassificationLoss classification;
  torch::Tensor diversity;               ///< this and the next four are 0 (or empty) without `all_terms`, or if their weight is 0
  torch::Tensor foreground, background;  ///< contrastive terms of L_sim; 0 if no prototype was selected
  torch::Tensor map_mean;                ///< mean of the stage-4 maps
  torch::Tensor pixel;                   ///< pixel_loss(); not part of `all_terms`, 0 without pixels
  torch::Tensor selected;                ///< I64 [N, 2], from select_prototypes
};

/// L_cls; with `all_terms` L_cls + w_div · L_div + w_sim · (L_fg + L_bg + w_map · mean map). `images` [B, 3, H, W] normalised, `labels`
/// [B, C], `prototypes` [P, D] in the feature space of the frozen encoder. Without `frozen` there is no L_sim. `pixels` as in pixel_loss,
/// which is then added with its weight; may be undefined.
TrainingLoss training_loss(const network::NetworkOutput& output, const torch::Tensor& images, const torch::Tensor& labels,
                           const torch::Tensor& prototypes, int prototypes_per_class, const LossOptions& options, bool all_terms,
                           encoders::FrozenEncoder* frozen, bool bfloat16 = false, const torch::Tensor& pixels = {});

}  // namespace wsi_lpd::model::training
