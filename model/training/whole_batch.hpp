#pragma once
#include "wsi_lpd/model/network/network.hpp"
#include "wsi_lpd/model/runtime/process_group.hpp"
#include "wsi_lpd/model/training/training_loss.hpp"

namespace wsi_lpd::model::training {

/// Puts together a batch of which each process of a group has some images. The losses are then computed of the whole batch, in every
/// process alike, because they are no sums over images. Gradients flow to the own images alone. What all processes compute alike, such as
/// the prototypes, gets its share of the gradient, so that the sums over the processes are the gradients of one process with the whole
/// batch.
class WholeBatch {
 public:
  WholeBatch(const runtime::ProcessGroup& group, const encoders::BatchRows& rows) : group_(group), rows_(rows) {}
  /// Rows [b, …] of each process to [B, …]. All processes call it alike.
  torch::Tensor of_images(const torch::Tensor& own) const;
  /// The same values, with a gradient divided by the number of processes.
  torch::Tensor of_all(const torch::Tensor& values) const;
  network::NetworkOutput output(network::NetworkOutput own) const;
  TrainingTargets targets(TrainingTargets own) const;

 private:
  const runtime::ProcessGroup& group_;
  const encoders::BatchRows& rows_;
};

}  // namespace wsi_lpd::model::training
