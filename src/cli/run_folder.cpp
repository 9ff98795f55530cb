#include "run_folder.hpp"

#include <algorithm>
#include <cctype>

#include "config.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/model/network/model_info.hpp"

namespace wsi_lpd::cli {
namespace {

namespace fs = std::filesystem;

/// A path as a shell takes it back.
std::string shell_text(const fs::path& path) {
  std::string text = path.string();
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) || c >= 0x80 || std::string_view("_-./:=@%+,").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

fs::path new_run_folder() {
  const fs::path base = fs::path("runs") / core::local_time("%Y-%m-%dT%H-%M-%S");
  fs::path folder = base;
  for (int n = 2; fs::exists(folder); ++n) folder = base.string() + "-" + std::to_string(n);
  return folder;
}

fs::path unfinished_run() {
  fs::path newest;
  fs::file_time_type time;
  if (!fs::is_directory("runs")) return newest;
  for (const auto& entry : fs::directory_iterator("runs")) {
    const fs::path state = entry.path() / "state.safetensors";
    if (entry.is_symlink() || !fs::exists(state)) continue;
    if (newest.empty() || fs::last_write_time(state) > time) {
      newest = entry.path();
      time = fs::last_write_time(state);
    }
  }
  return newest;
}

void check_resumed(const fs::path& run, bool force, const Context& context) {
  if (!fs::exists(run / "config.toml")) throw core::UsageError("--resume: " + run.string() + " is no run of train (it has no config.toml)");
  if (!fs::exists(run / "state.safetensors") && fs::exists(run / "model.safetensors"))
    throw core::UsageError("--resume: " + run.string() + " is finished; there is nothing to go on with");
  const auto changes = config_changes(context.options, run, {"cache-mib", "save-minutes", "threads", "device"});
  if (changes.empty()) return write_resolved_config(context.options, run);
  std::string all;
  for (const std::string& change : changes) all += (all.empty() ? "" : "; ") + change;
  if (!force) throw core::UsageError("--resume: the configuration is another one: " + all + "; give the same options, or --force");
  context.observer.warn("going on with another configuration: " + all);
}

bool link_latest(const fs::path& run, core::ProgressObserver& observer) {
  std::error_code error, ignored;
  const fs::path folder = fs::weakly_canonical(run, error), runs = fs::weakly_canonical("runs", error), latest = runs / "latest";
  if (error || folder.parent_path() != runs || folder == latest || !fs::exists(run / "model.safetensors", error)) return false;
  std::string reason = "is not a link";  // but somebody's folder or file
  const fs::file_status status = fs::symlink_status(latest, error);
  if (fs::is_symlink(status) || !fs::exists(status)) {
    const fs::path fresh = core::part_path(latest);
    fs::create_directory_symlink(folder.filename(), fresh, error);
    if (!error) fs::rename(fresh, latest, error);
    if (!error) return true;
    fs::remove(fresh, ignored);
    reason = "can't be changed (" + error.message() + ")";
  }
  observer.warn("runs/latest " + reason + " and stays as it is; name this model with --model " + shell_text(run / "model.safetensors"));
  return false;
}

std::string resume_command(const fs::path& run, const fs::path& patches) {
  return "wsi-lpd train " + shell_text(patches) + " --config " + shell_text(run / "config.toml") + " -o " + shell_text(run) + " --resume";
}

std::string calibrate_command(const fs::path& model) { return "wsi-lpd calibrate PATCHES --model " + shell_text(model); }

void say_how_to_go_on(const fs::path& run, const fs::path& patches, core::ProgressObserver& observer) {
  const fs::path model = run / "model.safetensors";
  if (fs::exists(model)) {
    const model::network::ModelInfo info = model::network::read_model_info(model);
    observer.info(model.string() + " is the model of step " + (info.judged ? std::to_string(info.judged->iteration) : "unknown") +
                  (link_latest(run, observer) ? "; runs/latest points at it" : ""));
  } else {
    std::error_code ignored;
    observer.info(run.string() + " has no model yet: the first comes with the end of an epoch" +
                  (fs::exists("runs/latest", ignored) ? "; runs/latest stays where it was" : ""));
  }
  observer.warn(
      (fs::exists(run / "state.safetensors") ? "the training can go on where it was: " : "nothing was saved yet; start again with ") +
      resume_command(run, patches));
}

}  // namespace wsi_lpd::cli
