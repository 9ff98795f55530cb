#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/network/network.hpp"

namespace wsi_lpd::model::network {

struct LoadedModel {
  ModelInfo info;
  LpdNetwork network{nullptr};  ///< on the CPU, in eval mode
};

/// Writes tensors and `info` as one safetensors file, through a PartFile.
void save_model(const std::filesystem::path& path, const LpdNetwork& network, const ModelInfo& info);
/// Strict: every tensor of the network must be there in its shape, and no other. Throws Error with the path and the reason.
LoadedModel load_model(const std::filesystem::path& path);

}  // namespace wsi_lpd::model::network
