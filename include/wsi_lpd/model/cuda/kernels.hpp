#pragma once
// Brings in LibTorch: for the model layer and its tests only.
#include <torch/torch.h>

#include <array>

namespace wsi_lpd::model::cuda {

// Steps that LibTorch would do in many passes over the GPU's memory, each in one pass. They take contiguous tensors of one device. On a GPU
// they are queued on its current stream. On the CPU the same code runs in the calling thread, one element after the other: that is for
// comparing, not fast. No gradients. Thread-safe. Throw Error where a kernel can't be started.

/// Is the device a GPU, and has this program kernels for it? Not in builds without CUDA, which may all the same run LibTorch for CUDA.
bool has_kernels_for(const torch::Device& device);

/// RGB bytes [B, H, W, 3] to the network's input, float32 [B, 3, H, W], channels-last in memory: (byte − shift) · factor. `shift`,
/// `factor`: float32 [3]. Bit-equal to the same operations of LibTorch.
torch::Tensor normalise_pixels(const torch::Tensor& rgb, const torch::Tensor& shift, const torch::Tensor& factor);

/// Merges the k prototypes of each class as at test: Σ softmax_j(z)·z_j. `maps`: float32 [B, h, w, C·k], logit units; to [B, C, h, w].
torch::Tensor merge_prototypes(const torch::Tensor& maps, int prototypes_per_class);

/// σ(Σ_s weight_s · map_s / temperature) on the grid of the first map. `maps`: float32 [B, C, h_s, w_s], logit units; the others are
/// resized to the first (bilinear, half-pixel centres).
torch::Tensor fuse_maps(const std::array<torch::Tensor, 3>& maps, const std::array<double, 3>& weights, double temperature);

}  // namespace wsi_lpd::model::cuda
