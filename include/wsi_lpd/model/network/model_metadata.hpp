#pragma once
#include <map>
#include <string>

#include "wsi_lpd/model/network/model_info.hpp"

namespace wsi_lpd::model::network {

/// Value of the metadata key `format` in a training state.
inline constexpr const char* kStateFormat = "wsi-lpd training state";

/// The tensors of a model file whose names begin so belong to its presence head.
inline constexpr const char* kPresencePrefix = "presence.";

/// Converts a ModelInfo to the metadata of a safetensors file: one key per field, structured values as JSON. Thread-safe.
std::map<std::string, std::string> metadata_from_info(const ModelInfo& info);
/// The inverse. Thread-safe. Throws Error when a field is missing, malformed or out of range.
ModelInfo info_from_metadata(const std::map<std::string, std::string>& metadata);

}  // namespace wsi_lpd::model::network
