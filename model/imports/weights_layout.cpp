#include "weights_layout.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/encoders/swin_transformer.hpp"
#include "wsi_lpd/model/network/network.hpp"
#include "wsi_lpd/model/weights/pickle.hpp"

namespace wsi_lpd::model::imports {
namespace {

using Names = std::map<std::string, std::string>;
using Shapes = std::map<std::string, std::vector<std::int64_t>>;
using torch::Tensor;

constexpr std::array kWrappers{"module.", "_orig_mod.", "model.",  "model_state_dict.",      "state_dict.", "vision_model.", "segformer.",
                               "swin.",   "vit.",       "dinov2.", "dinov2_with_registers.", "backbone.",   "teacher."};
const std::string kTeacher = "teacher.", kStudent = "student.";  // of a training by self-distillation
constexpr const char* kHuggingFace = "Hugging Face SegFormer";
constexpr const char* kFirstConvolution = "patch_embed1.proj.weight";
const std::string kEncoder = "encoder.";

bool starts_with_any(const std::string& name, const std::vector<std::string>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](const std::string& beginning) { return name.starts_with(beginning); });
}

struct Renaming {
  const char* ours;
  const char* theirs;
};
constexpr Renaming kBlockParts[] = {{"norm1", "layer_norm_1"},
                                    {"norm2", "layer_norm_2"},
                                    {"attn.q", "attention.self.query"},
                                    {"attn.sr", "attention.self.sr"},
                                    {"attn.norm", "attention.self.layer_norm"},
                                    {"attn.proj", "attention.output.dense"},
                                    {"mlp.fc1", "mlp.dense1"},
                                    {"mlp.fc2", "mlp.dense2"},
                                    {"mlp.dwconv.dwconv", "mlp.dwconv.dwconv"}};

/// Names of Hugging Face's SegformerModel for one of mit_b*.pth's: keys and values are apart there, stages count from 0.
std::vector<std::string> hugging_face_names(const std::string& official) {
  const std::size_t dot = official.find('.'), last = official.rfind('.');
  const std::string stage(1, static_cast<char>(official[dot - 1] - 1)), parameter = official.substr(last);
  if (official.starts_with("norm")) return {"encoder.layer_norm." + stage + parameter};
  if (official.starts_with("patch_embed")) {
    const bool norm = official.find(".norm.") != std::string::npos;
    return {"encoder.patch_embeddings." + stage + (norm ? ".layer_norm" : ".proj") + parameter};
  }
  const std::size_t part_at = official.find('.', dot + 1) + 1;
  const std::string block = "encoder.block." + stage + official.substr(dot, part_at - dot), part = official.substr(part_at, last - part_at);
  if (part == "attn.kv") return {block + "attention.self.key" + parameter, block + "attention.self.value" + parameter};
  const auto* known = std::find_if(std::begin(kBlockParts), std::end(kBlockParts), [&](const Renaming& name) { return part == name.ours; });
  return {block + known->theirs + parameter};
}

bool is_hugging_face(const Names& names) { return names.contains("encoder.patch_embeddings.0.proj.weight"); }

/// The variant whose width and depths are nearest: what differs is then told tensor by tensor.
std::string nearest_encoder(const weights::TensorFile& file, const Names& names, const std::string& prefix) {
  const bool hugging_face = is_hugging_face(names);
  const Tensor& first = file.tensors.at(names.at(hugging_face ? "encoder.patch_embeddings.0.proj.weight" : prefix + kFirstConvolution));
  std::string best;
  std::int64_t smallest = INT64_MAX;
  for (const char* encoder : {"mit_b0", "mit_b1", "mit_b2", "mit_b3", "mit_b4", "mit_b5"}) {
    const encoders::MixTransformerShape shape = encoders::mix_transformer_shape(encoder);
    std::int64_t difference = first.dim() > 0 && first.size(0) == shape.widths[0] ? 0 : 1000;
    for (std::size_t s = 0; s < 4; ++s) {
      std::int64_t depth = 0;
      const auto there = [&] {
        const std::string name = "block" + std::to_string(s + 1) + "." + std::to_string(depth) + ".norm1.weight";
        return names.contains(hugging_face ? hugging_face_names(name)[0] : prefix + name);
      };
      while (there()) ++depth;
      difference += std::abs(depth - shape.depths[s]);
    }
    if (difference < smallest) best = encoder;
    smallest = std::min(smallest, difference);
  }
  return best;
}

std::string text_of(const std::vector<std::int64_t>& shape) {
  std::ostringstream text;
  text << at::IntArrayRef(shape);
  return text.str();
}

}  // namespace

Names plain_names(const weights::TensorFile& file) {
  Names names;
  const bool teacher =
      std::any_of(file.tensors.begin(), file.tensors.end(), [](const auto& item) { return item.first.starts_with(kTeacher); });
  for (const auto& [name, tensor] : file.tensors) {
    std::string plain = name;
    if (!teacher && plain.starts_with(kStudent)) plain.erase(0, kStudent.size());
    for (bool stripped = true; stripped;) {
      const auto* wrapper = std::find_if(kWrappers.begin(), kWrappers.end(), [&](const char* start) { return plain.starts_with(start); });
      stripped = wrapper != kWrappers.end();
      if (stripped) plain.erase(0, std::strlen(*wrapper));
    }
    if (!names.emplace(plain, name).second) {
      throw core::Error("holds " + weights::printable(plain) + " twice, as " + weights::printable(names[plain]) + " and " +
                        weights::printable(name));
    }
  }
  return names;
}

WeightsLayout recognise(const weights::TensorFile& file, const Names& names) {
  WeightsLayout layout;
  const auto ours = file.metadata.find("format"), channels = file.metadata.find("channels");
  const bool rgb = (ours != file.metadata.end() && ours->second.starts_with("wsi-lpd")) ||
                   (channels != file.metadata.end() && channels->second == "RGB");
  if (const auto info = encoders::encoder_from_metadata(file.metadata)) {
    layout.kind = WeightsLayout::Kind::FrozenEncoder;
    layout.source = kOwnFrozenEncoder;
    layout.encoder = info->architecture;
    return layout;
  }
  layout.frozen = recognise_frozen(file, names);
  if (layout.frozen) {
    layout.kind = WeightsLayout::Kind::FrozenEncoder;
    layout.source = layout.frozen->source;
    layout.encoder = layout.frozen->architecture;
    layout.ignored = layout.frozen->ignored;
    return layout;
  }
  if (names.contains("embeddings.patch_embeddings.projection.weight")) {
    layout.encoder = "swin_t";
    layout.kind = WeightsLayout::Kind::FrozenEncoder;
    layout.source = "Swin-T vision weights";
    layout.ignored = {"text_model.", "logit_scale", "classifier.", "pooler."};
    return layout;
  }
  if (is_hugging_face(names)) {
    layout.source = kHuggingFace;
    layout.ignored = {"classifier.", "decode_head."};
  } else if (names.contains(kFirstConvolution)) {
    layout.source = "ImageNet mix transformer";
    layout.ignored = {"head."};
  } else if (names.contains(kEncoder + kFirstConvolution)) {
    layout.encoder_prefix = kEncoder;
    const bool prototypes = names.contains("prototypes");
    if (prototypes || names.contains("l_fc1.fc1.weight") || !rgb) {
      layout.kind = WeightsLayout::Kind::Model;
      layout.source = prototypes ? "LPD checkpoint" : "PBIP checkpoint";
      layout.bgr = !rgb;
    } else {
      layout.source = kOwnEncoder;
    }
  } else {
    throw core::Error(
        "holds no weights of a known kind: neither mit_b*.pth, Hugging Face SegFormer or Swin-T, a vision transformer or a ResNet50, nor "
        "an "
        "LPD or PBIP checkpoint; its first tensor is " +
        weights::printable(file.tensors.begin()->first));
  }
  layout.encoder = nearest_encoder(file, names, layout.encoder_prefix);
  return layout;
}

Shapes parameter_shapes(const WeightsLayout& layout, std::int64_t prototypes) {
  Shapes shapes;
  const auto add = [&](const torch::nn::Module& module, const std::string& prefix) {
    for (const auto& item : module.named_parameters()) shapes[prefix + item.key()] = item.value().sizes().vec();
  };
  switch (layout.kind) {
    case WeightsLayout::Kind::Model:
      add(*network::LpdNetwork(encoders::mix_transformer_shape(layout.encoder), 1, static_cast<int>(prototypes)), "");
      break;
    case WeightsLayout::Kind::Encoder:
      add(*encoders::MixTransformer(encoders::mix_transformer_shape(layout.encoder), 0), kEncoder);
      break;
    case WeightsLayout::Kind::FrozenEncoder:
      return layout.frozen ? Shapes() : encoders::SwinTransformer::shapes();
  }
  return shapes;
}

std::vector<WantedTensor> wanted_tensors(const WeightsLayout& layout, const Shapes& parameters) {
  if (layout.frozen) return layout.frozen->wanted;
  std::vector<WantedTensor> wanted;
  for (const auto& [name, shape] : parameters) {
    WantedTensor tensor{.name = name, .shape = shape, .sources = {name}, .optional = name == "projection_head.weight"};
    if (name.starts_with(kEncoder) && layout.kind == WeightsLayout::Kind::Encoder) {
      const std::string official = name.substr(kEncoder.size());
      if (layout.source == kHuggingFace) {
        tensor.sources = hugging_face_names(official);
      } else {
        tensor.sources = {layout.encoder_prefix + official};
      }
    }
    wanted.push_back(std::move(tensor));
  }
  return wanted;
}

TensorUse take_tensors(const weights::TensorFile& file, const Names& names, const WeightsLayout& layout,
                       const std::vector<WantedTensor>& wanted) {
  TensorUse use;
  Names rest = names;
  for (const WantedTensor& target : wanted) {
    std::vector<std::int64_t> shape = target.shape;
    shape[0] /= static_cast<std::int64_t>(target.sources.size());
    std::vector<Tensor> parts;
    for (const std::string& source : target.sources) {
      const auto found = rest.find(source);
      if (found == rest.end()) {
        if (!target.optional) use.missing.push_back(source);
        continue;
      }
      const Tensor& tensor = file.tensors.at(found->second);
      const std::string name = found->second;
      rest.erase(found);
      if (!tensor.is_floating_point() || tensor.sizes() != shape) {
        use.misshaped.push_back(weights::printable(name) + " " + text_of(tensor.sizes().vec()) +
                                (tensor.is_floating_point() ? "" : " of whole numbers") + " instead of " + text_of(shape));
        continue;
      }
      parts.push_back(tensor.to(torch::kFloat));
      if (!parts.back().isfinite().all().item<bool>())
        throw core::Error("tensor " + weights::printable(name) + " holds values that are no numbers");
      use.used.push_back(name);
    }
    if (parts.size() != target.sources.size()) continue;
    Tensor whole = parts.size() == 1 ? parts[0] : torch::cat(parts);
    if (layout.bgr && target.name == kEncoder + kFirstConvolution) whole = whole.flip(1);
    use.tensors.emplace(target.name, whole.contiguous());
  }
  for (const auto& [plain, name] : rest) {
    const bool by_rule =
        starts_with_any(plain, layout.ignored) || plain.ends_with("relative_position_index") || plain.ends_with("num_batches_tracked");
    (by_rule ? use.ignored : use.unexpected).push_back(weights::printable(name));
  }
  return use;
}

}  // namespace wsi_lpd::model::imports
