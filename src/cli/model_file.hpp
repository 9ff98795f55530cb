#pragma once
#include <filesystem>
#include <string>

#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::cli {

inline constexpr const char* kModelHelp =
    "model file; else WSI_LPD_MODEL, else runs/latest/model.safetensors; e.g. --model lung.safetensors";

/// --model, else WSI_LPD_MODEL, else runs/latest/model.safetensors. Warns of a model whose training is not finished or never rose above
/// chance. Throws UsageError that says these three, and which run in runs/ is not finished.
std::filesystem::path find_model(const std::string& given, core::ProgressObserver& observer);

}  // namespace wsi_lpd::cli
