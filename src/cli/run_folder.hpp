#pragma once
#include <filesystem>
#include <string>

#include "command.hpp"

// Folders of trainings, and runs/latest, where segment looks for its model.
namespace wsi_lpd::cli {

/// runs/<time>, with a number where two runs start in one second.
std::filesystem::path new_run_folder();

/// The folder in runs/ that was worked in last and is not finished; empty where there is none.
std::filesystem::path unfinished_run();

/// Refuses to go on with other options than the run began with, but for options that change no more than the last digits of its
/// results, which then go into its config.toml. `force` makes a warning of the refusal. Throws UsageError: no run, a finished one, other
/// options.
void check_resumed(const std::filesystem::path& run, bool force, const Context& context);

/// Points runs/latest at `run` where it lies in runs/ and has a model; at no moment there is no link. Returns whether it does now. Never
/// fails, as a finished training must not: where there is a folder or file of that name, or no link can be made, it warns.
bool link_latest(const std::filesystem::path& run, core::ProgressObserver& observer);

/// The command that goes on with `run`, for a shell.
std::string resume_command(const std::filesystem::path& run, const std::filesystem::path& patches);

/// The command that calibrates `model`, for a shell.
std::string calibrate_command(const std::filesystem::path& model);

/// After a training has stopped on the way: points runs/latest at its model and says which that is, and the command that goes on.
void say_how_to_go_on(const std::filesystem::path& run, const std::filesystem::path& patches, core::ProgressObserver& observer);

}  // namespace wsi_lpd::cli
