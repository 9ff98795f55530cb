#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/encoders/frozen_encoder.hpp"
#include "wsi_lpd/model/network/network.hpp"
#include "wsi_lpd/model/training/loss_options.hpp"
#include "wsi_lpd/model/training/losses.hpp"

namespace wsi_lpd::model::training {

/// The terms of one step, scalars; `total` has the gradients.
struct TrainingLoss {
  torch::Tensor total;
  ClassificationLoss classification;
  torch::Tensor diversity;               ///< this and the next four are 0 while L_cls is alone, or where their weight is 0
  torch::Tensor foreground, background;  ///< contrastive terms of L_sim; 0 where no prototype was selected
  torch::Tensor map_mean;                ///< mean of the stage-4 maps
  torch::Tensor selected;                ///< I64 [N, 2], as of select_prototypes
};

/// L_cls, and with `all_terms` L_cls + w_div · L_div + w_sim · (L_fg + L_bg + w_map · mean map): `images` [B, 3, H, W] normalised,
/// `labels` [B, C], `prototypes` [P, D] as the frozen encoder is to see them. Without `frozen` there is no L_sim.
TrainingLoss training_loss(const network::NetworkOutput& output, const torch::Tensor& images, const torch::Tensor& labels,
                           const torch::Tensor& prototypes, int prototypes_per_class, const LossOptions& options, bool all_terms,
                           encoders::FrozenEncoder* frozen, bool bfloat16 = false);

}  // namespace wsi_lpd::model::training
