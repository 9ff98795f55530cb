#pragma once
#include <filesystem>
#include <string>

#include "command.hpp"
#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::cli {

/// --groups of the commands that take images of several patients apart.
inline void add_groups(CLI::App& command, std::string& groups) {
  command.add_option(
      "--groups", groups,
      "regular expression that finds the patient in an image's name without its ending: its first group, or the whole match; "
      "wins over patients.csv; e.g. --groups '^([^_]+)'");
}

/// --presence-encoder and --presence-by-path of the commands that fit a presence head.
inline void add_presence_encoder(CLI::App& command, std::filesystem::path& encoder, bool& by_path) {
  command
      .add_option("--presence-encoder", encoder,
                  "tells which classes are present from the features of this frozen encoder, which the model file then contains: a "
                  ".safetensors file of weights import, or TorchScript; e.g. --presence-encoder uni.safetensors")
      ->check(CLI::ExistingFile);
  command
      .add_flag(
          "--presence-by-path,!--no-presence-by-path", by_path,
          "the model file names the file of --presence-encoder (path, size, SHA-256) instead of containing it; without that file there "
          "or beside the model the head can't be used; e.g. --presence-by-path")
      ->default_str("false");
}

/// Throws UsageError where there is no encoder to name.
inline void check_presence_encoder(const std::filesystem::path& encoder, bool by_path) {
  if (by_path && encoder.empty())
    throw core::UsageError("--presence-by-path: belongs to --presence-encoder FILE; give that, too, or leave it out");
}

}  // namespace wsi_lpd::cli
