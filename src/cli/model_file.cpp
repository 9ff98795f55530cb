#include "model_file.hpp"

#include <cstdlib>

#include "wsi_lpd/core/error.hpp"

namespace wsi_lpd::cli {

std::filesystem::path find_model(const std::string& given) {
  if (!given.empty()) return given;
  if (const char* from_environment = std::getenv("WSI_LPD_MODEL"); from_environment && *from_environment) return from_environment;
  std::filesystem::path latest = "runs/latest/model.safetensors";
  if (std::filesystem::exists(latest)) return latest;
  throw UsageError("no model: give --model FILE, set WSI_LPD_MODEL, or train one (runs/latest/model.safetensors is not there)");
}

}  // namespace wsi_lpd::cli
