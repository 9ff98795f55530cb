#include "token_kernels.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "wsi_lpd/core/vector_math.hpp"

// The same source for each generation of processors; the loader picks. ThreadSanitizer is not ready yet when the loader does.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__)
#define WSI_LPD_EVERY_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WSI_LPD_EVERY_PROCESSOR
#endif

namespace wsi_lpd::model::encoders {
namespace {

using at::Tensor;
using std::int64_t;

constexpr int64_t kRowsPerTask = 128;

[[gnu::always_inline]] inline float sum(core::Lanes lanes) {
  lanes += __builtin_shufflevector(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  lanes += __builtin_shufflevector(lanes, lanes, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  lanes += __builtin_shufflevector(lanes, lanes, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  return lanes[0] + lanes[1];
}

template <class T>
[[gnu::always_inline]] inline void add_layer_norm_row(int64_t width, const T* x, const T* branch, const float* weight, const float* bias,
                                                      float epsilon, T* total, T* normed) {
  core::Lanes lanes{};
  for (int64_t i = 0; i < width; i += core::kLanes) {
    core::store(core::load(x + i) + core::load(branch + i), total + i);
    lanes += core::load(total + i);
  }
  const auto count = static_cast<float>(width);
  const float mean = sum(lanes) / count;
  lanes = core::Lanes{};
  for (int64_t i = 0; i < width; i += core::kLanes) {
    const core::Lanes difference = core::load(total + i) - mean;
    lanes += difference * difference;
  }
  const float scale = 1 / std::sqrt(sum(lanes) / count + epsilon);
  for (int64_t i = 0; i < width; i += core::kLanes)
    core::store((core::load(total + i) - mean) * scale * core::load(weight + i) + core::load(bias + i), normed + i);
}

/// One row of pixels of kLanes channels. A column of the input is read once and added to the three outputs that it touches.
template <class T>
[[gnu::always_inline]] inline void depthwise_lanes(int64_t columns, int64_t channels, const T* above, const T* row, const T* below,
                                                   const float* weight, const float* bias, T* to) {
  core::Lanes w[9];
  for (int i = 0; i < 9; ++i) w[i] = core::load(weight + i * channels);
  const core::Lanes start = core::load(bias);
  core::Lanes before{}, here = start;
  for (int64_t x = 0; x < columns; ++x) {
    const core::Lanes a = above ? core::load(above + x * channels) : core::Lanes{}, r = core::load(row + x * channels),
                      b = below ? core::load(below + x * channels) : core::Lanes{};
    if (x > 0) core::store(core::gelu(before + a * w[2] + r * w[5] + b * w[8]), to + (x - 1) * channels);
    before = here + a * w[1] + r * w[4] + b * w[7];
    here = start + a * w[0] + r * w[3] + b * w[6];
  }
  core::store(core::gelu(before), to + (columns - 1) * channels);
}

template <class T>
[[gnu::always_inline]] inline float value_of(T value) {
  if constexpr (std::is_same_v<T, float>)
    return value;
  else
    return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16U);
}

/// `row` has room for n values, rounded up to whole lanes.
template <class T>
[[gnu::always_inline]] inline void softmax_row(int64_t n, float* row, T* values) {
  const int64_t padded = (n + core::kLanes - 1) / core::kLanes * core::kLanes;
  for (int64_t i = 0; i < n; ++i) row[i] = value_of(values[i]);
  std::fill(row + n, row + padded, -std::numeric_limits<float>::infinity());
  core::Lanes lanes = core::load(row);
  for (int64_t i = core::kLanes; i < padded; i += core::kLanes) {
    const core::Lanes next = core::load(row + i);
    lanes = lanes > next ? lanes : next;
  }
  float largest = lanes[0];
  for (int l = 1; l < core::kLanes; ++l) largest = lanes[l] > largest ? lanes[l] : largest;
  for (int64_t i = 0; i < padded; ++i) row[i] = core::exp_of_negative(row[i] - largest);
  lanes = core::Lanes{};
  std::fill(row + n, row + padded, 0.0F);
  for (int64_t i = 0; i < padded; i += core::kLanes) lanes += core::load(row + i);
  const float share = 1 / sum(lanes);
  alignas(64) T out[core::kLanes];
  for (int64_t i = 0; i < padded; i += core::kLanes) {
    if (i + core::kLanes <= n) {
      core::store(core::load(row + i) * share, values + i);
    } else {
      core::store(core::load(row + i) * share, out);
      std::copy_n(out, n - i, values + i);
    }
  }
}

template <class T>
[[gnu::always_inline]] inline void quantise_lanes(int64_t n, const T* values, float factor, float zero_point, std::uint8_t* bytes) {
  for (int64_t i = 0; i < n; i += core::kLanes) core::store(core::load(values + i) * factor + zero_point, bytes + i);
}

struct NormArguments {
  int64_t width;
  const float *weight, *bias;
  float epsilon;
};

template <class T>
[[gnu::always_inline]] inline void add_layer_norm_rows(const NormArguments& a, int64_t rows, const T* x, const T* branch, T* total,
                                                       T* normed) {
  for (int64_t r = 0; r < rows; ++r, x += a.width, branch += a.width, total += a.width, normed += a.width)
    add_layer_norm_row(a.width, x, branch, a.weight, a.bias, a.epsilon, total, normed);
}

struct DepthwiseArguments {
  int64_t height, width, channels;
  const float *weight, *bias;  // [9, E], [E]
};

template <class T>
[[gnu::always_inline]] inline void depthwise_row(const DepthwiseArguments& a, int64_t y, const T* image, T* to) {
  for (int64_t c = 0; c < a.channels; c += core::kLanes) {
    const T* const row = image + y * a.width * a.channels + c;
    const T* const above = y > 0 ? row - a.width * a.channels : nullptr;
    const T* const below = y + 1 < a.height ? row + a.width * a.channels : nullptr;
    depthwise_lanes(a.width, a.channels, above, row, below, a.weight + c, a.bias + c, to + y * a.width * a.channels + c);
  }
}

template <class T>
[[gnu::always_inline]] inline void softmax_rows(int64_t n, int64_t rows, T* values) {
  std::vector<float> row(static_cast<std::size_t>(n + core::kLanes));
  for (int64_t r = 0; r < rows; ++r, values += n) softmax_row(n, row.data(), values);
}

WSI_LPD_EVERY_PROCESSOR void run(const NormArguments& a, int64_t rows, const float* x, const float* branch, float* total, float* normed) {
  add_layer_norm_rows(a, rows, x, branch, total, normed);
}
WSI_LPD_EVERY_PROCESSOR void run(const NormArguments& a, int64_t rows, const core::Bfloat16* x, const core::Bfloat16* branch,
                                 core::Bfloat16* total, core::Bfloat16* normed) {
  add_layer_norm_rows(a, rows, x, branch, total, normed);
}
WSI_LPD_EVERY_PROCESSOR void run(const DepthwiseArguments& a, int64_t y, const float* image, float* to) { depthwise_row(a, y, image, to); }
WSI_LPD_EVERY_PROCESSOR void run(const DepthwiseArguments& a, int64_t y, const core::Bfloat16* image, core::Bfloat16* to) {
  depthwise_row(a, y, image, to);
}
WSI_LPD_EVERY_PROCESSOR void run(int64_t n, const float* values, float factor, float zero_point, std::uint8_t* bytes) {
  quantise_lanes(n, values, factor, zero_point, bytes);
}
WSI_LPD_EVERY_PROCESSOR void run(int64_t n, const core::Bfloat16* values, float factor, float zero_point, std::uint8_t* bytes) {
  quantise_lanes(n, values, factor, zero_point, bytes);
}
WSI_LPD_EVERY_PROCESSOR void run(int64_t n, int64_t rows, float* values) { softmax_rows(n, rows, values); }
WSI_LPD_EVERY_PROCESSOR void run(int64_t n, int64_t rows, core::Bfloat16* values) { softmax_rows(n, rows, values); }

/// Calls work with a pointer type for the tensor's elements.
template <class Work>
void by_type(const Tensor& tensor, Work work) {
  if (tensor.scalar_type() == at::kFloat)
    work(float{});
  else
    work(core::Bfloat16{});
}
template <class T>
T* data(const Tensor& tensor) {
  return static_cast<T*>(tensor.data_ptr());
}

/// oneDNN has no products of bfloat16 for older processors; LibTorch has, slow ones.
bool onednn_multiplies_bfloat16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#else
  return false;
#endif
}

}  // namespace

bool fits_token_kernels(const Tensor& tokens) {
  const bool known = tokens.scalar_type() == at::kFloat || tokens.scalar_type() == at::kBFloat16;
  return tokens.is_cpu() && known && !c10::GradMode::is_enabled() && tokens.size(-1) % core::kLanes == 0;
}

Tensor linear(const Tensor& tokens, const Tensor& weight, const Tensor& bias) {
  if (tokens.scalar_type() == at::kBFloat16 && !onednn_multiplies_bfloat16()) return at::linear(tokens, weight, bias);
  using Operator = Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, std::string_view,
                          c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);
  static const auto product = c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_linear_pointwise", "").typed<Operator>();
  return product.call(tokens, weight, bias, "none", c10::List<std::optional<at::Scalar>>(), "");
}

std::pair<Tensor, Tensor> add_layer_norm(const Tensor& x, const Tensor& branch, const Tensor& weight, const Tensor& bias, double epsilon) {
  const Tensor in = x.contiguous(), added = branch.contiguous(), w = weight.to(at::kFloat), b = bias.to(at::kFloat);
  Tensor total = at::empty_like(in), normed = at::empty_like(in);
  const int64_t width = in.size(-1), rows = in.numel() / width;
  const NormArguments arguments{width, w.const_data_ptr<float>(), b.const_data_ptr<float>(), static_cast<float>(epsilon)};
  by_type(in, [&]<class T>(T) {
    at::parallel_for(0, rows, kRowsPerTask, [&](int64_t begin, int64_t end) {
      const int64_t from = begin * width;
      run(arguments, end - begin, data<T>(in) + from, data<T>(added) + from, data<T>(total) + from, data<T>(normed) + from);
    });
  });
  return {total, normed};
}

Tensor gelu_of_depthwise(const Tensor& tokens, const Tensor& weight, const Tensor& bias) {
  const Tensor in = tokens.contiguous(), b = bias.to(at::kFloat);
  const Tensor w = weight.to(at::kFloat).view({in.size(3), 9}).t().contiguous();
  Tensor out = at::empty_like(in);
  const DepthwiseArguments arguments{in.size(1), in.size(2), in.size(3), w.const_data_ptr<float>(), b.const_data_ptr<float>()};
  const int64_t image = in.size(1) * in.size(2) * in.size(3);
  by_type(in, [&]<class T>(T) {
    at::parallel_for(0, in.size(0) * in.size(1), 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const int64_t from = row / in.size(1) * image;
        run(arguments, row % in.size(1), data<T>(in) + from, data<T>(out) + from);
      }
    });
  });
  return out;
}

Tensor quantised(const Tensor& values, float scale, int64_t zero_point) {
  constexpr int64_t kLanesPerTask = 4096;
  const Tensor in = values.contiguous();
  Tensor out = at::empty(in.sizes(), in.options().dtype(at::kByte));
  by_type(in, [&]<class T>(T) {
    at::parallel_for(0, in.numel() / core::kLanes, kLanesPerTask, [&](int64_t begin, int64_t end) {
      const int64_t from = begin * core::kLanes;
      run((end - begin) * core::kLanes, data<T>(in) + from, 1 / scale, static_cast<float>(zero_point), data<std::uint8_t>(out) + from);
    });
  });
  return out;
}

void softmax_(Tensor& logits) {
  const int64_t n = logits.size(-1), rows = logits.numel() / n;
  by_type(logits, [&]<class T>(T) {
    at::parallel_for(0, rows, kRowsPerTask, [&](int64_t begin, int64_t end) { run(n, end - begin, data<T>(logits) + begin * n); });
  });
}

}  // namespace wsi_lpd::model::encoders
