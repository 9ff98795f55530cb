#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/network/network.hpp"

namespace wsi_lpd::model::network {

struct LoadedModel {
  ModelInfo info;
  LpdNetwork network{nullptr};  ///< on the CPU, in eval mode
};

/// Writes the network's parameters and `info` as one safetensors file, through a PartFile. Throws Error. Thread-safe, as is load_model.
void save_model(const std::filesystem::path& path, const LpdNetwork& network, const ModelInfo& info);
/// Loads a model file. Strict: the file must hold every tensor of the network in its shape, and no other tensor. Throws Error with the path
/// and the reason.
LoadedModel load_model(const std::filesystem::path& path);

}  // namespace wsi_lpd::model::network
