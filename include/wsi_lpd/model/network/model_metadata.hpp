#pragma once
#include <map>
#include <string>

#include "wsi_lpd/model/network/model_info.hpp"

namespace wsi_lpd::model::network {

/// What the metadata of a training's state says as `format`.
inline constexpr const char* kStateFormat = "wsi-lpd training state";

/// A ModelInfo as the text that a safetensors file carries: one key a field, structured values as JSON.
std::map<std::string, std::string> metadata_from_info(const ModelInfo& info);
/// The reverse; throws Error when a field is missing, malformed or absurd.
ModelInfo info_from_metadata(const std::map<std::string, std::string>& metadata);

}  // namespace wsi_lpd::model::network
