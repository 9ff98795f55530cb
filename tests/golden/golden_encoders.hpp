#pragma once
#include <algorithm>
#include <fstream>

#include "golden/golden.hpp"
#include "golden/golden_weights.hpp"

namespace wsi_lpd::testing {

/// One network of encoders.json (README.md).
inline nlohmann::json golden_encoder(const std::string& name) { return golden_json("encoders").at("cases").at(name); }

/// Its tensors by the formula, under the names of the program that it is from.
inline std::map<std::string, torch::Tensor> golden_encoder_weights(const nlohmann::json& network) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& [name, shape] : network.at("shapes").items()) {
    torch::Tensor tensor = torch::empty(shape.get<std::vector<std::int64_t>>());
    auto* data = tensor.data_ptr<float>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i) data[i] = golden_weight(name, tensor, static_cast<std::uint64_t>(i));
    tensors[name] = tensor;
  }
  return tensors;
}

/// The images that the networks were shown, [N, 3, H, W], in their own statistics: uniform from -1 to 1.
inline torch::Tensor golden_encoder_images(std::int64_t count, std::int64_t height, std::int64_t width) {
  torch::Tensor images = torch::empty({count, 3, height, width});
  auto* data = images.data_ptr<float>();
  for (std::int64_t i = 0; i < images.numel(); ++i) data[i] = static_cast<float>(uniform_weight("images", static_cast<std::uint64_t>(i)));
  return images;
}

/// Largest difference as a share of the largest expected value.
inline double relative_difference(const torch::Tensor& actual, const torch::Tensor& expected) {
  if (actual.sizes() != expected.sizes()) return INFINITY;
  return ((actual - expected).abs().max() / expected.abs().max()).item<double>();
}

/// Writes the files that a published encoder comes as: weights, config.json and preprocessor_config.json. Returns the weights' path.
inline std::filesystem::path write_golden_encoder(const std::filesystem::path& folder, const nlohmann::json& network,
                                                  const std::string& prefix = "") {
  std::filesystem::create_directories(folder);
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& [name, tensor] : golden_encoder_weights(network)) tensors[prefix + name] = tensor;
  model::weights::write_safetensors(folder / "weights.safetensors", {tensors, {}});
  if (network.contains("config")) std::ofstream(folder / "config.json") << network.at("config");
  if (network.contains("preprocessor")) std::ofstream(folder / "preprocessor_config.json") << network.at("preprocessor");
  return folder / "weights.safetensors";
}

}  // namespace wsi_lpd::testing
