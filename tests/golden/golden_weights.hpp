#pragma once
#include <torch/torch.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "wsi_lpd/core/counter_random.hpp"

namespace wsi_lpd::testing {

inline std::uint64_t crc32(const std::string& text) {
  std::uint32_t crc = ~0U;
  for (const char c : text) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

inline std::uint64_t splitmix64(std::uint64_t x) { return core::hash(0, x); }

/// A number from -1 to 1 for element `index` of the tensor `name`.
inline double uniform_weight(const std::string& name, std::uint64_t index) {
  return 2 * (static_cast<double>(splitmix64((crc32(name) << 32) + index) >> 11) * 0x1p-53) - 1;
}

/// The weight that the golden fixtures give element `index` of the parameter `name`: a formula instead of a file.
inline float golden_weight(const std::string& name, const torch::Tensor& tensor, std::uint64_t index) {
  const std::string last = name.substr(name.rfind('.') + 1);
  if (last.starts_with("logit_scale")) return static_cast<float>(1 / 0.07);
  const double v = uniform_weight(name, index);
  if (last == "prototypes") return static_cast<float>(v);
  if (tensor.dim() >= 2)
    return static_cast<float>(v * std::sqrt(3 / (static_cast<double>(tensor.numel()) / static_cast<double>(tensor.size(0)))));
  return static_cast<float>(last == "bias" || last == "running_mean" ? 0.02 * v : 1 + 0.1 * v);
}

inline void fill_golden(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (auto& item : module.named_parameters()) {
    torch::Tensor values = torch::empty(item.value().sizes());
    auto* data = values.data_ptr<float>();
    for (std::int64_t i = 0; i < values.numel(); ++i) data[i] = golden_weight(item.key(), values, static_cast<std::uint64_t>(i));
    item.value().copy_(values);
  }
}

}  // namespace wsi_lpd::testing
