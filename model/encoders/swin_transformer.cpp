#include "wsi_lpd/model/encoders/swin_transformer.hpp"

#include <array>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::encoders {

using torch::Tensor;

namespace {

constexpr std::int64_t kWindow = 7, kWidth = 96, kPatch = 4, kSide = 56;
constexpr std::array<std::int64_t, 4> kDepths{2, 2, 6, 2}, kHeads{3, 6, 12, 24};
constexpr double kOtherRegion = -100;  // what attention between regions that are no neighbours is lowered by

std::string block_name(std::size_t stage, std::int64_t block) {
  return "encoder.layers." + std::to_string(stage) + ".blocks." + std::to_string(block) + ".";
}

std::string merging_name(std::size_t stage) { return "encoder.layers." + std::to_string(stage) + ".downsample."; }

/// [N, side, side, E] to [N · windows, 49, E], windows row by row.
Tensor windows_of(const Tensor& map) {
  const std::int64_t n = map.size(0), across = map.size(1) / kWindow, width = map.size(3);
  return map.view({n, across, kWindow, across, kWindow, width}).transpose(2, 3).reshape({-1, kWindow * kWindow, width});
}

Tensor map_of(const Tensor& windows, std::int64_t side) {
  const std::int64_t across = side / kWindow, width = windows.size(2);
  return windows.view({-1, across, across, kWindow, kWindow, width}).transpose(2, 3).reshape({-1, side, side, width});
}

/// [windows, 1, 49, 49]: a shifted window holds up to four regions of the image, which don't see each other.
Tensor region_mask(std::int64_t side, std::int64_t shift, const torch::Device& device) {
  const Tensor position = torch::arange(side, torch::TensorOptions(torch::kFloat).device(device));
  const Tensor band = (position >= side - kWindow).to(torch::kFloat) + (position >= side - shift).to(torch::kFloat);
  const Tensor region = windows_of((band.unsqueeze(1) * 3 + band).view({1, side, side, 1})).squeeze(2);
  return ((region.unsqueeze(1) != region.unsqueeze(2)).to(torch::kFloat) * kOtherRegion).unsqueeze(1);
}

Tensor relative_position_index() {
  const Tensor cell = torch::arange(kWindow * kWindow);
  const Tensor row = cell.div(kWindow, "floor"), column = cell.remainder(kWindow);
  const auto distance = [](const Tensor& axis) { return axis.unsqueeze(1) - axis.unsqueeze(0) + kWindow - 1; };
  return (distance(row) * (2 * kWindow - 1) + distance(column)).flatten();
}

}  // namespace

std::map<std::string, std::vector<std::int64_t>> SwinTransformer::shapes() {
  std::map<std::string, std::vector<std::int64_t>> result;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape, bool bias = true) {
    if (bias) result[name + ".bias"] = {shape.front()};
    result[name + ".weight"] = std::move(shape);
  };
  add("embeddings.patch_embeddings.projection", {kWidth, 3, kPatch, kPatch});
  add("embeddings.norm", {kWidth});
  std::int64_t width = kWidth;
  for (std::size_t stage = 0; stage < 4; ++stage) {
    for (std::int64_t j = 0; j < kDepths[stage]; ++j) {
      const std::string name = block_name(stage, j);
      add(name + "layernorm_before", {width});
      for (const char* part : {"query", "key", "value"}) add(name + "attention.self." + part, {width, width});
      result[name + "attention.self.relative_position_bias_table"] = {(2 * kWindow - 1) * (2 * kWindow - 1), kHeads[stage]};
      add(name + "attention.output.dense", {width, width});
      add(name + "layernorm_after", {width});
      add(name + "intermediate.dense", {4 * width, width});
      add(name + "output.dense", {width, 4 * width});
    }
    if (stage == 3) break;
    add(merging_name(stage) + "norm", {4 * width});
    add(merging_name(stage) + "reduction", {2 * width, 4 * width}, false);
    width *= 2;
  }
  add("layernorm", {width});
  add("projection_head", {kFeature, width}, false);
  return result;
}

SwinTransformer::SwinTransformer(const std::map<std::string, Tensor>& weights, const torch::Device& device)
    : bias_index_(relative_position_index().to(device)) {
  for (const auto& [name, shape] : shapes()) {
    const auto found = weights.find(name);
    if (found == weights.end()) throw core::Error("no Swin-T: the tensor " + name + " is missing");
    if (found->second.sizes() != shape) throw core::Error("no Swin-T: the tensor " + name + " has another shape");
    weights_[name] = found->second.detach().to(device, torch::kFloat);
  }
}

Tensor SwinTransformer::layer_norm(const Tensor& tokens, const std::string& name) const {
  return torch::layer_norm(tokens, {tokens.size(-1)}, weight(name + ".weight"), weight(name + ".bias"), 1e-5);
}

Tensor SwinTransformer::linear(const Tensor& tokens, const std::string& name) const {
  return torch::linear(tokens, weight(name + ".weight"), weight(name + ".bias"));
}

Tensor SwinTransformer::attention(const Tensor& windows, const std::string& name, std::int64_t heads, const Tensor& mask) const {
  const auto part = [&](const char* which) { return linear(windows, name + "self." + which).unflatten(2, {heads, -1}).transpose(1, 2); };
  constexpr std::int64_t kTokens = kWindow * kWindow;
  Tensor bias = weight(name + "self.relative_position_bias_table").index_select(0, bias_index_).view({kTokens, kTokens, heads});
  bias = bias.permute({2, 0, 1}).unsqueeze(0);  // [1, heads, 49, 49]
  if (mask.defined()) bias = (bias + mask).repeat({windows.size(0) / mask.size(0), 1, 1, 1});
  const Tensor mixed = at::scaled_dot_product_attention(part("query"), part("key"), part("value"), bias);
  return linear(mixed.transpose(1, 2).flatten(2), name + "output.dense");
}

Tensor SwinTransformer::block(const Tensor& tokens, const std::string& name, std::int64_t side, std::int64_t heads,
                              std::int64_t shift) const {
  Tensor map = layer_norm(tokens, name + "layernorm_before").unflatten(1, {side, side});
  Tensor mask;
  if (shift > 0) {
    map = map.roll({-shift, -shift}, {1, 2});
    mask = region_mask(side, shift, tokens.device());
  }
  map = map_of(attention(windows_of(map), name + "attention.", heads, mask), side);
  if (shift > 0) map = map.roll({shift, shift}, {1, 2});
  const Tensor mixed = tokens + map.flatten(1, 2);
  const Tensor hidden = torch::gelu(linear(layer_norm(mixed, name + "layernorm_after"), name + "intermediate.dense"));
  return mixed + linear(hidden, name + "output.dense");
}

Tensor SwinTransformer::tokens(const Tensor& images) const {
  const std::string projection = "embeddings.patch_embeddings.projection";
  Tensor tokens = torch::conv2d(images, weight(projection + ".weight"), weight(projection + ".bias"), kPatch).flatten(2).transpose(1, 2);
  tokens = layer_norm(tokens, "embeddings.norm");
  std::int64_t side = kSide;
  for (std::size_t stage = 0; stage < 4; ++stage) {
    for (std::int64_t j = 0; j < kDepths[stage]; ++j) {
      // a map of one window has nothing to shift over
      tokens = block(tokens, block_name(stage, j), side, kHeads[stage], j % 2 == 1 && side > kWindow ? kWindow / 2 : 0);
    }
    if (stage == 3) break;
    side /= 2;
    // [N, rows, 2, columns, 2, E]: of each 2 × 2 cell (0,0), (1,0), (0,1), (1,1)
    const Tensor cells = tokens.view({tokens.size(0), side, 2, side, 2, tokens.size(2)}).permute({0, 1, 3, 4, 2, 5});
    tokens = torch::linear(layer_norm(cells.reshape({tokens.size(0), side * side, -1}), merging_name(stage) + "norm"),
                           weight(merging_name(stage) + "reduction.weight"));
  }
  return layer_norm(tokens, "layernorm");
}

Tensor SwinTransformer::forward(const Tensor& images) const {
  return torch::linear(tokens(images).mean(1), weight("projection_head.weight"));
}

}  // namespace wsi_lpd::model::encoders
