#pragma once
#include <filesystem>

#include "command.hpp"

namespace wsi_lpd::cli {

/// --presence-encoder of the commands that fit a presence head.
inline void add_presence_encoder(CLI::App& command, std::filesystem::path& encoder) {
  command
      .add_option("--presence-encoder", encoder,
                  "tells which classes are present from the features of this frozen encoder, which the model file then contains: a "
                  ".safetensors file of weights import, or TorchScript; e.g. --presence-encoder uni.safetensors")
      ->check(CLI::ExistingFile);
}

}  // namespace wsi_lpd::cli
