#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "wsi_lpd/model/encoders/encoder_info.hpp"

namespace wsi_lpd::model::imports {

/// What the configuration beside an encoder's weights says; nothing for what it does not say.
struct EncoderConfig {
  std::optional<std::string> name;
  std::optional<std::int64_t> width, heads, input_size;
  std::optional<double> epsilon;
  std::optional<std::string> activation, pooling;  ///< pooling as encoders::pooling_from_name reads it
  std::optional<encoders::InputStatistics> statistics;
};

/// Reads `config.json` of timm or Hugging Face and, for the latter, `preprocessor_config.json` in a folder. A file that is not there, or is
/// of another program, says nothing. Thread-safe. Throws Error: a file is not JSON, or a value is of another type.
EncoderConfig read_encoder_config(const std::filesystem::path& folder);

/// The text under `license` or `licence` in the `config.json` of a folder, at its top or in timm's `pretrained_cfg`. Empty if there is
/// none, or no file that is JSON. Thread-safe.
std::string configured_licence(const std::filesystem::path& folder);

}  // namespace wsi_lpd::model::imports
