#pragma once
#include <filesystem>
#include <string>

#include "command.hpp"

namespace wsi_lpd::cli {

/// --groups of the commands that take images of several patients apart.
inline void add_groups(CLI::App& command, std::string& groups) {
  command.add_option(
      "--groups", groups,
      "regular expression that finds the patient in an image's name without its ending: its first group, or the whole match; "
      "wins over patients.csv; e.g. --groups '^([^_]+)'");
}

/// --presence-encoder of the commands that fit a presence head.
inline void add_presence_encoder(CLI::App& command, std::filesystem::path& encoder) {
  command
      .add_option("--presence-encoder", encoder,
                  "tells which classes are present from the features of this frozen encoder, which the model file then contains: a "
                  ".safetensors file of weights import, or TorchScript; e.g. --presence-encoder uni.safetensors")
      ->check(CLI::ExistingFile);
}

}  // namespace wsi_lpd::cli
