#include "encoder_config.hpp"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"

namespace wsi_lpd::model::imports {
namespace {

using Json = nlohmann::json;

/// The value of a key; nothing where there is none, or null.
template <class Value>
std::optional<Value> get(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return {};
  return found->get<Value>();
}

const Json& part(const Json& object, const char* key) {
  static const Json none = Json::object();
  const auto found = object.find(key);
  return found == object.end() || !found->is_object() ? none : *found;
}

/// The side of a square: 224, [224, 224], [3, 224, 224], {"height": 224, "width": 224} or {"shortest_edge": 224}.
std::optional<std::int64_t> side(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return {};
  if (found->is_array() && !found->empty()) return found->back().get<std::int64_t>();
  if (found->is_object())
    return found->contains("height") ? get<std::int64_t>(*found, "height") : get<std::int64_t>(*found, "shortest_edge");
  return found->get<std::int64_t>();
}

std::optional<encoders::InputStatistics> statistics(const Json& object, const char* mean, const char* std) {
  const auto means = get<std::array<float, 3>>(object, mean), stds = get<std::array<float, 3>>(object, std);
  if (!means || !stds) return {};
  return encoders::InputStatistics{*means, *stds};
}

template <class Value>
void fill(std::optional<Value>& value, std::optional<Value> other) {
  if (!value) value = std::move(other);
}

/// "silu" of "torch.nn.SiLU".
std::string plain_class(std::string name) {
  name.erase(0, name.rfind('.') + 1);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

EncoderConfig timm_config(const Json& json) {
  // Files of older releases have the entries of pretrained_cfg at the top.
  const Json &arguments = part(json, "model_args"), &given = json.contains("pretrained_cfg") ? part(json, "pretrained_cfg") : json;
  EncoderConfig config;
  config.name = get<std::string>(json, "architecture");
  config.width = get<std::int64_t>(arguments, "embed_dim");
  fill(config.width, get<std::int64_t>(json, "num_features"));
  config.heads = get<std::int64_t>(arguments, "num_heads");
  config.activation = get<std::string>(arguments, "act_layer");
  if (config.activation) config.activation = plain_class(*config.activation);
  config.input_size = side(given, "input_size");
  fill(config.input_size, side(arguments, "img_size"));
  config.statistics = statistics(given, "mean", "std");
  const std::optional<std::string> pool = get<std::string>(json, "global_pool");
  if (pool == "token") config.pooling = "cls";
  if (pool == "avg") config.pooling = "mean";
  return config;
}

EncoderConfig hugging_face_config(const Json& json) {
  EncoderConfig config;
  config.width = get<std::int64_t>(json, "hidden_size");
  config.heads = get<std::int64_t>(json, "num_attention_heads");
  config.activation = get<std::string>(json, "hidden_act");
  config.epsilon = get<double>(json, "layer_norm_eps");
  config.input_size = side(json, "image_size");
  return config;
}

void add_preprocessor(EncoderConfig& config, const Json& json) {
  config.statistics = statistics(json, "image_mean", "image_std");
  if (get<bool>(json, "do_normalize") == false) config.statistics = encoders::InputStatistics{{0, 0, 0}, {1, 1, 1}};
  std::optional<std::int64_t> size = side(json, "crop_size");
  if (!size || get<bool>(json, "do_center_crop") == false) size = side(json, "size");
  if (size) config.input_size = size;
}

/// Runs `read` with a JSON object from a file, if there is one.
void with_json(const std::filesystem::path& path, const std::function<void(const Json&)>& read) {
  if (!std::filesystem::is_regular_file(path)) return;
  try {
    const Json json = Json::parse(core::read_text_file(path));
    if (json.is_object()) read(json);
  } catch (const Json::exception&) {
    throw core::Error(path.string() + ": is no configuration of an encoder as timm or Hugging Face writes it; correct or remove it");
  }
}

}  // namespace

EncoderConfig read_encoder_config(const std::filesystem::path& folder) {
  EncoderConfig config;
  bool hugging_face = false;
  with_json(folder / "config.json", [&](const Json& json) {
    hugging_face = json.contains("model_type");
    if (hugging_face)
      config = hugging_face_config(json);
    else if (json.contains("architecture"))
      config = timm_config(json);
  });
  if (hugging_face) with_json(folder / "preprocessor_config.json", [&](const Json& json) { add_preprocessor(config, json); });
  return config;
}

std::string configured_licence(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json";
  if (!std::filesystem::is_regular_file(file)) return {};
  const Json json = Json::parse(core::read_text_file(file), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return {};
  for (const Json* object : {&json, &part(json, "pretrained_cfg")}) {
    for (const char* key : {"license", "licence"}) {
      const auto found = object->find(key);
      if (found != object->end() && found->is_string()) return found->get<std::string>();
    }
  }
  return {};
}

}  // namespace wsi_lpd::model::imports
