#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/network/network.hpp"

namespace wsi_lpd::model::imports {

/// Copies the encoder's weights from an imported encoder, a model file, or any file that import_weights accepts into `network`. Strict: the
/// file must hold every tensor of the encoder in its shape, and no unknown tensor. Returns one line that describes the source. Throws
/// Error; the network is then unchanged. Not thread-safe with the same network.
std::string load_encoder_weights(const std::filesystem::path& path, network::LpdNetwork& network);

}  // namespace wsi_lpd::model::imports
