#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <torch/torch.h>

#include "wsi_lpd/crf/dense_crf.hpp"

namespace wsi_lpd::model::cuda {

/// crf::dense_crf_from_unary() on the device of its tensors, by the kernels of this room: `unary` float32 [L, H, W] and `rgb` bytes
/// [H, W, 3], both contiguous, to Q [L, H, W]. Sums are made in another order than on the CPU, and a pixel on the face of a simplex may
/// fall to its other side, so few values differ by more than rounding. The same input gives the same output. `options.threads` has no
/// meaning. Takes about 500 bytes a pixel of the device's memory. On a GPU the kernels are queued on its current stream, which is waited
/// for between; on the CPU they run in the calling thread: that is for comparing, not fast. Throws Error and UsageError as
/// crf::dense_crf_from_unary(), Error for a GPU in a build without CUDA. Thread-safe.
torch::Tensor dense_crf_from_unary(const torch::Tensor& unary, const torch::Tensor& rgb, const crf::DenseCrfOptions& options = {});

}  // namespace wsi_lpd::model::cuda
