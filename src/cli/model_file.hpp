#pragma once
#include <filesystem>
#include <string>

namespace wsi_lpd::cli {

inline constexpr const char* kModelHelp =
    "model file; else WSI_LPD_MODEL, else runs/latest/model.safetensors; e.g. --model lung.safetensors";

/// --model, else WSI_LPD_MODEL, else runs/latest/model.safetensors. Throws UsageError that says these three.
std::filesystem::path find_model(const std::string& given);

}  // namespace wsi_lpd::cli
