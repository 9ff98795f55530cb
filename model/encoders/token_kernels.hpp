#pragma once
#include <ATen/core/Tensor.h>

#include <utility>

namespace wsi_lpd::model::encoders {

// What stands between the matrix products of a transformer when it only infers on a CPU: one pass through memory each, where LibTorch's
// operators take two or three. Tokens are [B, h, w, E] or [..., E], contiguous, float or bfloat16; sums are float32 in both, so that
// bfloat16 is rounded once. Rows are shared out by at::parallel_for, which changes no result. Thread-safe.

/// May `tokens` go through the functions below: on the CPU, of a type that they know, with no gradient asked for?
bool fits_token_kernels(const at::Tensor& tokens);

/// tokens · weightᵀ + bias, `weight` [F, E], through oneDNN, which adds the bias while it multiplies. (LibTorch's own linear copies the
/// bias into every row first, and hands float32 to a library that is slow on some makes of processor.)
at::Tensor linear(const at::Tensor& tokens, const at::Tensor& weight, const at::Tensor& bias);

/// x + branch, and its layer norm over the last axis (Ba et al. 2016) with `weight` and `bias` [E].
std::pair<at::Tensor, at::Tensor> add_layer_norm(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& weight,
                                                 const at::Tensor& bias, double epsilon);

/// GELU (exact) of a 3 × 3 depthwise convolution with padding 1, tokens [B, h, w, E], `weight` [E, 1, 3, 3], `bias` [E].
at::Tensor gelu_of_depthwise(const at::Tensor& tokens, const at::Tensor& weight, const at::Tensor& bias);

/// Softmax over the last axis, in place.
void softmax_(at::Tensor& logits);

}  // namespace wsi_lpd::model::encoders
