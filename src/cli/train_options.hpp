#pragma once
#include <filesystem>
#include <optional>

#include "command.hpp"
#include "dataset_description.hpp"
#include "wsi_lpd/pipeline/training/prepare_training.hpp"

namespace wsi_lpd::cli {

/// What the user says of a training. `job` has no images and no classes yet; its first values are the default recipe.
struct TrainArguments {
  TrainArguments();
  std::filesystem::path patches;
  std::filesystem::path unlabelled;  ///< folder; empty: none
  DatasetOptions dataset;
  std::string groups;                ///< finds the patient in an image's name; empty: tables tell it
  std::optional<bool> bfloat16;      ///< nothing: where it is faster
  pipeline::training::TrainJob job;  ///< `run` empty: a folder in runs/
};

/// Adds the options of `train` to `command`; they write into `arguments`, which must live as long. Their order is that of config.toml.
void add_train_options(CLI::App& command, TrainArguments& arguments);

/// Does the command line, not a file of options, name this option?
bool is_given(const Context& context, const std::string& option);

/// Throws UsageError where an option is given without the one that it belongs to, or the run's folder lies in that of the corrections. A
/// file of options, such as config.toml of another run, may hold more than is needed.
void check_train_options(const TrainArguments& arguments, const Context& context);

}  // namespace wsi_lpd::cli
