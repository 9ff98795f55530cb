#include "wsi_lpd/model/encoders/vision_transformer.hpp"

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::model::encoders {

namespace F = torch::nn::functional;
using torch::Tensor;

namespace {

const std::string kPositions = "pos_embed", kClass = "cls_token", kRegisters = "reg_token", kPatches = "patch_embed.proj";

std::string block_name(std::int64_t block) { return "blocks." + std::to_string(block) + "."; }

Tensor activate(const Tensor& values, Activation activation) {
  if (activation == Activation::Silu) return torch::silu(values);
  return torch::gelu(values, activation == Activation::Gelu ? "none" : "tanh");
}

}  // namespace

VisionTransformerShape VisionTransformer::shape(const SizesOf& sizes) {
  const auto size = [&](const std::string& name, std::size_t axis, std::size_t rank) {
    const std::vector<std::int64_t> found = sizes(name);
    return found.size() == rank ? found[axis] : 0;
  };
  VisionTransformerShape shape;
  shape.width = size(kClass, 2, 3);
  shape.patch = size(kPatches + ".weight", 3, 4);
  shape.registers = size(kRegisters, 1, 3);
  shape.rows = size(kPositions, 1, 4);
  shape.columns = size(kPositions, 2, 4);
  while (!sizes(block_name(shape.depth) + "norm1.weight").empty()) ++shape.depth;
  const std::string first = block_name(0);
  shape.hidden = size(first + "mlp.fc2.weight", 1, 2);
  shape.gated = shape.hidden > 0 && size(first + "mlp.fc1.weight", 0, 2) == 2 * shape.hidden;
  shape.layer_scale = !sizes(first + "ls1.gamma").empty();
  shape.qkv_bias = !sizes(first + "attn.qkv.bias").empty();
  return shape;
}

std::map<std::string, std::vector<std::int64_t>> VisionTransformer::shapes(const VisionTransformerShape& shape) {
  std::map<std::string, std::vector<std::int64_t>> result;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> sizes, bool bias = true) {
    if (bias) result[name + ".bias"] = {sizes.front()};
    result[name + ".weight"] = std::move(sizes);
  };
  const std::int64_t width = shape.width;
  result[kClass] = {1, 1, width};
  if (shape.registers > 0) result[kRegisters] = {1, shape.registers, width};
  result[kPositions] = {1, shape.rows, shape.columns, width};
  add(kPatches, {width, 3, shape.patch, shape.patch});
  for (std::int64_t i = 0; i < shape.depth; ++i) {
    const std::string block = block_name(i);
    add(block + "norm1", {width});
    add(block + "attn.qkv", {3 * width, width}, shape.qkv_bias);
    add(block + "attn.proj", {width, width});
    add(block + "norm2", {width});
    add(block + "mlp.fc1", {(shape.gated ? 2 : 1) * shape.hidden, width});
    add(block + "mlp.fc2", {width, shape.hidden});
    if (!shape.layer_scale) continue;
    result[block + "ls1.gamma"] = {width};
    result[block + "ls2.gamma"] = {width};
  }
  add("norm", {width});
  return result;
}

VisionTransformer::VisionTransformer(const std::map<std::string, Tensor>& weights, const VisionTransformerOptions& options,
                                     const torch::Device& device)
    : shape_(shape([&](const std::string& name) {
        const auto found = weights.find(name);
        return found == weights.end() ? std::vector<std::int64_t>() : found->second.sizes().vec();
      })),
      options_(options) {
  const auto wanted = shapes(shape_);
  for (const auto& [name, sizes] : wanted) {
    const auto found = weights.find(name);
    if (found == weights.end()) throw core::Error("no vision transformer: the tensor " + name + " is missing");
    if (found->second.sizes() != sizes || found->second.numel() == 0)
      throw core::Error("no vision transformer: the tensor " + name + " has another shape");
    weights_[name] = found->second.detach().to(device, torch::kFloat);
  }
  for (const auto& [name, tensor] : weights)
    if (!wanted.contains(name)) throw core::Error("no vision transformer: the tensor " + name + " is unknown");
  if (options_.heads < 1 || shape_.width % options_.heads != 0)
    throw core::Error("no vision transformer: its width " + std::to_string(shape_.width) + " can't be shared among " +
                      std::to_string(options_.heads) + " heads");
}

Tensor VisionTransformer::layer_norm(const Tensor& tokens, const std::string& name) const {
  return torch::layer_norm(tokens, {tokens.size(-1)}, weight(name + ".weight"), weight(name + ".bias"), options_.epsilon);
}

Tensor VisionTransformer::linear(const Tensor& tokens, const std::string& name) const {
  const auto bias = weights_.find(name + ".bias");
  return bias == weights_.end() ? torch::linear(tokens, weight(name + ".weight"))
                                : torch::linear(tokens, weight(name + ".weight"), bias->second);
}

Tensor VisionTransformer::scaled(const Tensor& branch, const std::string& name) const {
  return shape_.layer_scale ? branch * weight(name + ".gamma") : branch;
}

Tensor VisionTransformer::positions(std::int64_t rows, std::int64_t columns) const {
  const Tensor& known = weight(kPositions);
  if (rows == shape_.rows && columns == shape_.columns) return known.flatten(1, 2);
  const auto options =
      F::InterpolateFuncOptions().size(std::vector{rows, columns}).mode(torch::kBicubic).align_corners(false).antialias(options_.antialias);
  return F::interpolate(known.permute({0, 3, 1, 2}), options).flatten(2).transpose(1, 2);
}

Tensor VisionTransformer::embed(const Tensor& images) const {
  const std::int64_t count = images.size(0), height = images.size(2), width = images.size(3), patch = shape_.patch;
  if (height % patch != 0 || width % patch != 0 || height == 0 || width == 0)
    throw core::Error("an image of " + std::to_string(width) + " x " + std::to_string(height) +
                      " pixels has no whole number of patches of " + std::to_string(patch));
  const Tensor patches = torch::conv2d(images, weight(kPatches + ".weight"), weight(kPatches + ".bias"), patch).flatten(2).transpose(1, 2);
  std::vector<Tensor> tokens{weight(kClass).expand({count, -1, -1})};
  if (shape_.registers > 0) tokens.push_back(weight(kRegisters).expand({count, -1, -1}));
  tokens.push_back(patches + positions(height / patch, width / patch));
  return torch::cat(tokens, 1);
}

Tensor VisionTransformer::attention(const Tensor& tokens, const std::string& block) const {
  // [3, N, heads, tokens, D / heads]
  const Tensor qkv = linear(tokens, block + "attn.qkv").unflatten(2, {3, options_.heads, -1}).permute({2, 0, 3, 1, 4});
  const Tensor mixed = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]);
  return linear(mixed.transpose(1, 2).flatten(2), block + "attn.proj");
}

Tensor VisionTransformer::mlp(const Tensor& tokens, const std::string& block) const {
  Tensor hidden = linear(tokens, block + "mlp.fc1");
  if (shape_.gated) {
    const std::vector<Tensor> parts = hidden.chunk(2, 2);
    hidden = activate(parts[0], options_.activation) * parts[1];
  } else {
    hidden = activate(hidden, options_.activation);
  }
  return linear(hidden, block + "mlp.fc2");
}

Tensor VisionTransformer::tokens(const Tensor& images) const {
  Tensor tokens = embed(images);
  for (std::int64_t i = 0; i < shape_.depth; ++i) {
    const std::string block = block_name(i);
    tokens = tokens + scaled(attention(layer_norm(tokens, block + "norm1"), block), block + "ls1");
    tokens = tokens + scaled(mlp(layer_norm(tokens, block + "norm2"), block), block + "ls2");
  }
  return layer_norm(tokens, "norm");
}

Tensor VisionTransformer::pooled(const Tensor& tokens) const {
  const Tensor first = tokens.select(1, 0);
  if (options_.pooling == TokenPooling::Class) return first;
  const Tensor mean = tokens.slice(1, 1 + shape_.registers).mean(1);
  return options_.pooling == TokenPooling::Mean ? mean : torch::cat({first, mean}, 1);
}

std::int64_t VisionTransformer::feature_width() const {
  return options_.pooling == TokenPooling::ClassAndMean ? 2 * shape_.width : shape_.width;
}

}  // namespace wsi_lpd::model::encoders
