#pragma once
#include <filesystem>
#include <string>
#include <utility>

#include "command.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/model/network/presence_info.hpp"

namespace wsi_lpd::cli {

/// --groups of the commands that take images of several patients apart.
inline void add_groups(CLI::App& command, std::string& groups) {
  command.add_option(
      "--groups", groups,
      "regular expression that finds the patient in an image's name without its ending: its first group, or the whole match; "
      "wins over patients.csv; e.g. --groups '^([^_]+)'");
}

/// The options of the commands that fit a presence head.
inline void add_presence_encoder(CLI::App& command, model::network::PresenceSource& source) {
  command
      .add_option("--presence-encoder", source.encoder,
                  "tells which classes are present from the features of this frozen encoder, which the model file then contains: a "
                  ".safetensors file of weights import, or TorchScript; e.g. --presence-encoder uni.safetensors")
      ->check(CLI::ExistingFile);
  command
      .add_flag(
          "--presence-by-path,!--no-presence-by-path", source.by_path,
          "the model file names the file of --presence-encoder (path, size, SHA-256) instead of containing it; without that file there "
          "or beside the model the head can't be used; e.g. --presence-by-path")
      ->default_str("false");
  command
      .add_option(
          "--presence-scale", source.scale,
          "at which the encoder is shown an image, of the size that it is made for; 0: 0.71 for ResNet50 and for TorchScript modules "
          "that take it, else 1; e.g. --presence-scale 1")
      ->check(CLI::Range(0.0, 1.0));
}

/// Throws UsageError where there is no encoder to name.
inline void check_presence_encoder(const model::network::PresenceSource& source) {
  for (const auto& [option, is_given] : {std::pair{"--presence-by-path", source.by_path}, {"--presence-scale", source.scale > 0}})
    if (is_given && source.encoder.empty())
      throw core::UsageError(std::string(option) + ": belongs to --presence-encoder FILE; give that, too, or leave it out");
}

}  // namespace wsi_lpd::cli
