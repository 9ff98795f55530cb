#include "wsi_lpd/model/network/model_file.hpp"

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/network/model_metadata.hpp"
#include "wsi_lpd/model/weights/safetensors.hpp"

namespace wsi_lpd::model::network {

namespace {

const std::string kPrefix = kPresencePrefix, kWeight = kPrefix + "weight", kBias = kPrefix + "bias", kScript = kPrefix + "script",
                  kEncoder = kPrefix + "encoder.", kFit = kPrefix + "fit.";

/// The tensors of a fit by their names in the file.
std::map<std::string, torch::Tensor FeatureFit::*> fit_tensors() {
  return {{kFit + "mean", &FeatureFit::mean},
          {kFit + "scale", &FeatureFit::scale},
          {kFit + "axes", &FeatureFit::axes},
          {kFit + "weights", &FeatureFit::weights}};
}

void add(weights::TensorFile& file, const StoredPresence& presence, const PresenceInfo& info) {
  file.tensors[kWeight] = presence.head.weight;
  file.tensors[kBias] = presence.head.bias;
  if (presence.fit)
    for (const auto& [name, tensor] : fit_tensors()) file.tensors[name] = *presence.fit.*tensor;
  if (info.place) return;
  if (presence.encoder.script.defined()) file.tensors[kScript] = presence.encoder.script;
  for (const auto& [name, tensor] : presence.encoder.tensors) file.tensors[kEncoder + name] = tensor;
}

/// Takes the fit of `components` for features [`width`] out of `tensors`.
FeatureFit take_fit(std::map<std::string, torch::Tensor>& tensors, std::int64_t width, std::int64_t components) {
  FeatureFit fit;
  const std::map<std::string, std::vector<std::int64_t>> shapes{
      {kFit + "mean", {width}}, {kFit + "scale", {width}}, {kFit + "axes", {components, width}}, {kFit + "weights", {components + 1}}};
  for (const auto& [name, member] : fit_tensors()) {
    const auto node = tensors.extract(name);
    if (!node || node.mapped().sizes() != shapes.at(name) || node.mapped().scalar_type() != torch::kFloat)
      throw core::Error("the fit of its training images is damaged: " + name + " is missing, or of another type or shape");
    fit.*member = node.mapped();
  }
  return fit;
}

/// Takes the tensors of the head and its encoder out of `tensors`.
StoredPresence take_presence(std::map<std::string, torch::Tensor>& tensors, const ModelInfo& info, const std::filesystem::path& path) {
  const auto taken = [&](const std::string& name) {
    const auto node = tensors.extract(name);
    return node ? node.mapped() : torch::Tensor();
  };
  StoredPresence presence;
  presence.model = path;
  presence.head = {taken(kWeight), taken(kBias)};
  const auto& [weight, bias] = presence.head;
  if (!weight.defined() || !bias.defined() || weight.dim() != 2 || weight.size(0) != info.classes.count() ||
      bias.sizes() != torch::IntArrayRef{info.classes.count()} || weight.scalar_type() != torch::kFloat ||
      bias.scalar_type() != torch::kFloat)
    throw core::Error("its presence head is missing, or of another shape than its classes need");
  if (info.presence->fit_components > 0) presence.fit = take_fit(tensors, weight.size(1), info.presence->fit_components);
  presence.encoder = {.name = info.presence->encoder, .tensors = {}, .metadata = info.presence->encoder_metadata, .script = {}};
  if (info.presence->place) return presence;
  presence.encoder.script = taken(kScript);
  for (auto at = tensors.lower_bound(kEncoder); at != tensors.end() && at->first.starts_with(kEncoder); at = tensors.erase(at))
    presence.encoder.tensors[at->first.substr(kEncoder.size())] = at->second;
  if (presence.encoder.script.defined() ? presence.encoder.script.scalar_type() != torch::kByte : presence.encoder.tensors.empty())
    throw core::Error("the encoder of its presence head is missing");
  return presence;
}

}  // namespace

void save_model(const std::filesystem::path& path, const LpdNetwork& network, const ModelInfo& info, const StoredPresence* presence) {
  weights::TensorFile file{.tensors = {}, .metadata = metadata_from_info(info)};
  for (const auto& item : network->named_parameters()) file.tensors.emplace(item.key(), item.value().detach());
  if (presence) add(file, *presence, *info.presence);
  weights::write_safetensors(path, file);
}

LoadedModel load_model(const std::filesystem::path& path) {
  weights::TensorFile file = weights::read_safetensors(path);
  return core::with_context(path.string(), [&] {
    const torch::NoGradGuard no_grad;
    LoadedModel model;
    model.info = info_from_metadata(file.metadata);
    model.network = make_network(model.info);
    for (auto& item : model.network->named_parameters()) {
      const auto found = file.tensors.find(item.key());
      if (found == file.tensors.end()) throw core::Error("tensor " + item.key() + " is missing for a " + model.info.encoder + " model");
      const torch::Tensor& stored = found->second;
      if (!stored.is_floating_point() || stored.sizes() != item.value().sizes()) {
        throw core::Error("tensor " + item.key() + " has another type or shape than a " + model.info.encoder + " model with " +
                          std::to_string(model.info.classes.count()) + " classes needs");
      }
      item.value().copy_(stored);
      file.tensors.erase(found);
    }
    if (model.info.presence) model.presence = take_presence(file.tensors, model.info, path);
    if (!file.tensors.empty())
      throw core::Error("tensor " + file.tensors.begin()->first + " does not belong to a " + model.info.encoder + " model");
    model.network->eval();
    return model;
  });
}

}  // namespace wsi_lpd::model::network
