#pragma once
// Brings in LibTorch: for the model layer, its tests and the pipeline's bridge only.
#include "wsi_lpd/model/network/network.hpp"

namespace wsi_lpd::model::imports {

/// Copies the encoder's weights out of an imported encoder, a model file, or any file that import_weights takes, into `network`. Strict:
/// every tensor of the encoder, in its shape, and nothing unknown in the file. Returns one line on what was loaded. Throws Error; the
/// network is then unchanged.
std::string load_encoder_weights(const std::filesystem::path& path, network::LpdNetwork& network);

}  // namespace wsi_lpd::model::imports
