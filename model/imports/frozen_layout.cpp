#include "frozen_layout.hpp"

#include <array>
#include <cmath>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/encoders/resnet50.hpp"

namespace wsi_lpd::model::imports {
namespace {

using Names = std::map<std::string, std::string>;
using Sizes = std::vector<std::int64_t>;
using encoders::VisionTransformerShape;
using torch::Tensor;

const std::string kPositions = "pos_embed", kClass = "cls_token", kRegisters = "reg_token";

/// How a foreign program names the parts of a vision transformer. Within a block, names are relative to it.
struct Naming {
  std::string source, blocks;
  std::map<std::string, std::vector<std::string>> parts;  ///< this program's names to theirs; parts that are not here have the same name
  bool hugging_face = false;
};

Naming timm_naming(const Names& names) {
  Naming naming{.source = "timm vision transformer", .blocks = "blocks.", .parts = {}};
  if (!names.contains("register_tokens") && !names.contains("blocks.0.mlp.w12.weight")) return naming;
  naming.source = "DINOv2 vision transformer";
  naming.parts[kRegisters] = {"register_tokens"};
  if (names.contains("blocks.0.mlp.w12.weight")) {
    naming.parts["mlp.fc1"] = {"mlp.w12"};
    naming.parts["mlp.fc2"] = {"mlp.w3"};
  }
  return naming;
}

Naming hugging_face_naming(const Names& names) {
  const std::string attention = "attention.attention.";
  Naming naming{.source = "Hugging Face DINOv2",
                .blocks = "encoder.layer.",
                .parts = {{kClass, {"embeddings.cls_token"}},
                          {kRegisters, {"embeddings.register_tokens"}},
                          {kPositions, {"embeddings.position_embeddings"}},
                          {"patch_embed.proj", {"embeddings.patch_embeddings.projection"}},
                          {"norm", {"layernorm"}},
                          {"attn.qkv", {attention + "query", attention + "key", attention + "value"}},
                          {"attn.proj", {"attention.output.dense"}},
                          {"ls1.gamma", {"layer_scale1.lambda1"}},
                          {"ls2.gamma", {"layer_scale2.lambda1"}}},
                .hugging_face = true};
  if (names.contains("encoder.layer.0.layernorm_before.weight")) {
    naming.source = "Hugging Face ViT";
    naming.parts.merge(std::map<std::string, std::vector<std::string>>{{"norm1", {"layernorm_before"}},
                                                                       {"norm2", {"layernorm_after"}},
                                                                       {"mlp.fc1", {"intermediate.dense"}},
                                                                       {"mlp.fc2", {"output.dense"}}});
  } else if (names.contains("encoder.layer.0.mlp.weights_in.weight")) {
    naming.parts["mlp.fc1"] = {"mlp.weights_in"};
    naming.parts["mlp.fc2"] = {"mlp.weights_out"};
  }
  return naming;
}

/// The names in the file of one of this program's tensors: "blocks.3.attn.qkv.weight" is three in Hugging Face's files.
std::vector<std::string> sources_of(const Naming& naming, const std::string& name) {
  const std::string blocks = "blocks.";
  std::string before, part = name, after;
  if (name.starts_with(blocks)) {
    const std::size_t end = name.find('.', blocks.size()) + 1;
    before = naming.blocks + name.substr(blocks.size(), end - blocks.size());
    part = name.substr(end);
  }
  if (part.ends_with(".weight") || part.ends_with(".bias")) {
    after = part.substr(part.rfind('.'));
    part.resize(part.size() - after.size());
  }
  const auto found = naming.parts.find(part);
  std::vector<std::string> sources = found == naming.parts.end() ? std::vector{part} : found->second;
  for (std::string& source : sources) source = before + source + after;
  return sources;
}

/// Splits the number of positions into those before the patches and a square of patches.
void read_positions(FrozenLayout& layout, std::int64_t count, const std::vector<std::int64_t>& possible) {
  for (const std::int64_t prefix : possible) {
    const auto side = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(std::max<std::int64_t>(count - prefix, 0)))));
    if (side < 1 || side * side != count - prefix) continue;
    layout.prefix_positions = prefix;
    layout.transformer->rows = layout.transformer->columns = side;
    return;
  }
  throw core::Error("its " + std::to_string(count) + " position embeddings are no square of patches");
}

FrozenLayout vision_transformer(const weights::TensorFile& file, const Names& names, const Naming& naming) {
  FrozenLayout layout{.architecture = encoders::kVisionTransformer, .source = naming.source};
  const auto sizes_of = [&](const std::string& name) -> Sizes {
    const std::vector<std::string> sources = sources_of(naming, name);
    const auto found = names.find(sources.front());
    if (found == names.end()) return {};
    Sizes sizes = file.tensors.at(found->second).sizes().vec();
    if (!sizes.empty()) sizes[0] *= static_cast<std::int64_t>(sources.size());
    return sizes;
  };
  layout.transformer = encoders::VisionTransformer::shape(sizes_of);
  VisionTransformerShape& shape = *layout.transformer;
  const Sizes positions = sizes_of(kPositions);
  const std::int64_t count = positions.size() == 3 ? positions[1] : 0;
  const bool plain_registers = naming.parts.contains(kRegisters);  // these have no positions
  if (count > 0) read_positions(layout, count, plain_registers ? Sizes{1} : Sizes{1 + shape.registers, 1, 0});
  if (naming.hugging_face) {
    layout.antialias = shape.registers > 0;
    if (naming.source == "Hugging Face ViT") layout.epsilon = 1e-12;
    layout.ignored = {"classifier.", "pooler.", "embeddings.mask_token"};
  } else {
    layout.ignored = {"head.", "mask_token", "dino_head.", "ibot_head."};
  }
  for (auto& [name, sizes] : encoders::VisionTransformer::shapes(shape)) {
    const bool is_positions = name == kPositions;
    layout.wanted.push_back(
        {.name = name, .shape = is_positions ? Sizes{1, count, shape.width} : sizes, .sources = sources_of(naming, name)});
  }
  return layout;
}

FrozenLayout resnet50() {
  FrozenLayout layout{.architecture = encoders::kResNet50, .source = "torchvision or timm ResNet50", .ignored = {"fc.", "head."}};
  for (auto& [name, shape] : encoders::ResNet50::shapes()) layout.wanted.push_back({.name = name, .shape = shape, .sources = {name}});
  return layout;
}

}  // namespace

std::optional<FrozenLayout> recognise_frozen(const weights::TensorFile& file, const Names& names) {
  std::optional<FrozenLayout> layout;
  if (names.contains("embeddings.cls_token"))
    layout = vision_transformer(file, names, hugging_face_naming(names));
  else if (names.contains(kClass) && names.contains("patch_embed.proj.weight"))
    layout = vision_transformer(file, names, timm_naming(names));
  else if (names.contains("layer1.0.conv1.weight") && names.contains("layer1.0.conv3.weight"))
    layout = resnet50();
  // what remains of a whole training
  if (layout) layout->ignored.insert(layout->ignored.end(), {"student.", "dino_loss.", "ibot_loss.", "ibot_patch_loss."});
  return layout;
}

void finish_tensors(const FrozenLayout& layout, std::map<std::string, Tensor>& tensors) {
  if (!layout.transformer) return;
  const VisionTransformerShape& shape = *layout.transformer;
  Tensor& positions = tensors.at(kPositions);
  if (layout.prefix_positions > 0) tensors.at(kClass) += positions.slice(1, 0, 1);
  if (layout.prefix_positions > 1) tensors.at(kRegisters) += positions.slice(1, 1, layout.prefix_positions);
  positions = positions.slice(1, layout.prefix_positions).reshape({1, shape.rows, shape.columns, shape.width}).contiguous();
}

}  // namespace wsi_lpd::model::imports
