#pragma once
#include <ATen/core/Tensor.h>

#include <utility>

namespace wsi_lpd::model::encoders {

// Kernels for the operations between the matrix products of a transformer, for inference on a CPU. Each makes one pass through memory,
// where LibTorch's operators make two or three. Tokens are [B, h, w, E] or [..., E], contiguous, float or bfloat16. Sums are float32 in
// both types, so that a bfloat16 result is rounded only once. Rows are distributed by at::parallel_for, which does not change the result.
// Thread-safe.

/// Whether the functions below accept `tokens`: on the CPU, of a supported type, and no gradient is needed.
bool fits_token_kernels(const at::Tensor& tokens);

/// tokens · weightᵀ + bias, `weight` [F, E], with oneDNN, which adds the bias during the multiplication. (LibTorch's linear first copies
/// the bias into every row, and passes float32 to a library that is slow on some processors.)
at::Tensor linear(const at::Tensor& tokens, const at::Tensor& weight, const at::Tensor& bias);

/// Returns x + branch, and its layer norm over the last axis (Ba et al. 2016) with `weight` and `bias` [E].
std::pair<at::Tensor, at::Tensor> add_layer_norm(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& weight,
                                                 const at::Tensor& bias, double epsilon);

/// GELU (exact) of a 3 × 3 depthwise convolution with padding 1, tokens [B, h, w, E], `weight` [E, 1, 3, 3], `bias` [E].
at::Tensor gelu_of_depthwise(const at::Tensor& tokens, const at::Tensor& weight, const at::Tensor& bias);

/// round(values / scale) + zero_point, clamped to 0 … 255, as bytes of the same shape. `values` must be finite, their number a multiple of
/// 16.
at::Tensor quantised(const at::Tensor& values, float scale, std::int64_t zero_point);

/// Softmax over the last axis, in place.
void softmax_(at::Tensor& logits);

}  // namespace wsi_lpd::model::encoders
