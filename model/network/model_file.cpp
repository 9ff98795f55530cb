#include "wsi_lpd/model/network/model_file.hpp"

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/network/model_metadata.hpp"
#include "wsi_lpd/model/weights/safetensors.hpp"

namespace wsi_lpd::model::network {

void save_model(const std::filesystem::path& path, const LpdNetwork& network, const ModelInfo& info) {
  weights::TensorFile file{.tensors = {}, .metadata = metadata_from_info(info)};
  for (const auto& item : network->named_parameters()) file.tensors.emplace(item.key(), item.value().detach());
  weights::write_safetensors(path, file);
}

LoadedModel load_model(const std::filesystem::path& path) {
  weights::TensorFile file = weights::read_safetensors(path);
  return core::with_context(path.string(), [&] {
    const torch::NoGradGuard no_grad;
    LoadedModel model{.info = info_from_metadata(file.metadata)};
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
    if (!file.tensors.empty())
      throw core::Error("tensor " + file.tensors.begin()->first + " does not belong to a " + model.info.encoder + " model");
    model.network->eval();
    return model;
  });
}

}  // namespace wsi_lpd::model::network
