#include "model_file.hpp"

#include <cmath>
#include <cstdlib>

#include "run_folder.hpp"
#include "wsi_lpd/model/network/model_info.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

fs::path named_model(const std::string& given) {
  if (!given.empty()) return given;
  if (const char* from_environment = std::getenv("WSI_LPD_MODEL"); from_environment && *from_environment) return from_environment;
  fs::path latest = "runs/latest/model.safetensors";
  std::error_code ignored;  // of a link to itself
  if (fs::exists(latest, ignored)) return latest;
  std::string advice;
  if (const fs::path run = unfinished_run(); !run.empty()) {
    const fs::path model = run / "model.safetensors";
    advice = "; " + run.string() + " is not finished" +
             (fs::exists(model) ? ", but has a model: --model " + model.string() : " and has no model yet") +
             "; go on with it: " + resume_command(run, "PATCHES");
  }
  throw core::UsageError("no model: give --model FILE, set WSI_LPD_MODEL, or train one (runs/latest/model.safetensors is not there" +
                         advice + ")");
}

/// Says what is known against a model. One that can't be read is left to whoever loads it.
void warn_of(const fs::path& path, core::ProgressObserver& observer) {
  if (fs::exists(path.parent_path() / "state.safetensors"))
    observer.warn(path.string() + ": its training is not finished; go on with it: " + resume_command(path.parent_path(), "PATCHES"));
  try {
    const auto judged = model::network::read_model_info(path).judged;
    if (!judged || judged->is_above_chance()) return;
    const auto percent = [](double value) { return std::to_string(std::lround(100 * value)) + " %"; };
    observer.warn(path.string() + ": its training did not rise above chance (" + judged->by + " " + percent(judged->score) + ", chance " +
                  percent(judged->chance) + "): what it says of slides means nothing");
  } catch (const core::Error&) {
  }
}

}  // namespace

fs::path find_model(const std::string& given, core::ProgressObserver& observer) {
  fs::path path = named_model(given);
  warn_of(path, observer);
  return path;
}

}  // namespace wsi_lpd::cli
