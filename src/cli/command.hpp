#pragma once
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;
inline constexpr int kSomeSlidesFailed = 3;
inline constexpr int kInWorkElsewhere = 4;  ///< nothing failed, but other processes have slides in work: not all results are there

/// Options that several commands share: see Uses.
struct CommonOptions {
  bool quiet = false;
  bool verbose = false;
  std::string log_file;
  std::string config;
  int threads = 0;
  std::string device = "auto";
};

/// What a command runs with.
struct Context {
  const CommonOptions& common;
  core::ProgressObserver& observer;
  core::CancelFlag& cancel;
  const CLI::App& options;                    ///< the command's options, parsed: see config.hpp
  const std::vector<std::string>& given;      ///< words of the command line behind the program's name
  const std::vector<std::string>& arguments;  ///< the same and what --config says: Arguments::all
  core::Work work() const { return {observer, cancel}; }
};

/// Which of the common options a command acts on; it has no others.
struct Uses {
  bool threads = false;
  bool device = false;
  bool work = true;  ///< --config, --quiet, --verbose, --log-file: it works on something; false where it only shows what is there
};

/// One command: its options, already added to the program, and what it does. Returns an exit code; throws core::Error.
struct Command {
  CLI::App* options = nullptr;
  std::function<int(const Context&)> run;
  Uses uses{};
};

Command add_train(CLI::App& program);
Command add_evaluate(CLI::App& program);
Command add_calibrate(CLI::App& program);
Command add_segment(CLI::App& program);
Command add_batch(CLI::App& program);
Command add_status(CLI::App& program);
Command add_report(CLI::App& program);
Command add_tile(CLI::App& program);
Command add_compare(CLI::App& program);
Command add_measure(CLI::App& program);
Command add_correct(CLI::App& program);
Command add_study(CLI::App& program);
Command add_info(CLI::App& program);
Command add_weights(CLI::App& program);
Command add_synth(CLI::App& program);
Command add_doctor(CLI::App& program);

}  // namespace wsi_lpd::cli
