#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include <optional>

#include "wsi_lpd/model/network/network.hpp"
#include "wsi_lpd/model/network/presence_scorer.hpp"

namespace wsi_lpd::model::network {

struct LoadedModel {
  ModelInfo info;
  LpdNetwork network{nullptr};             ///< on the CPU, in eval mode
  std::optional<StoredPresence> presence;  ///< set if `info.presence` is
};

/// Writes the network's parameters and `info` as one safetensors file, through a PartFile; with `presence`, which belongs to
/// `info.presence`, also the head and, unless `info.presence` has a place for it, its encoder. Throws Error. Thread-safe, as is load_model.
void save_model(const std::filesystem::path& path, const LpdNetwork& network, const ModelInfo& info,
                const StoredPresence* presence = nullptr);
/// Loads a model file. Strict: the file must hold every tensor of the network and the presence head in its shape, and no other tensor.
/// Throws Error with the path and the reason.
LoadedModel load_model(const std::filesystem::path& path);

}  // namespace wsi_lpd::model::network
