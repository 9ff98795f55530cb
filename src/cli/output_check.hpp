#pragma once
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>
#include <string>
#include <vector>

// An input is never an output: the one place that holds it for every command.
namespace wsi_lpd::cli {

/// Refuses a parsed command whose output options (--output, --overlay, --log-file) name a file that another of its options names, or the
/// model that is taken where none is named: by the same path, by a link, or by a hard link. --log-file is appended to: a file that is
/// already there must be a log. Nothing is written. Throws UsageError.
void refuse_inputs_as_outputs(const CLI::App& command);

/// Refuses a file to write, the value of `option`, whose folder is not there. Throws UsageError.
void refuse_missing_folder(const std::string& option, const std::filesystem::path& file);

/// The same for results that a command writes at `stems` (output::kSuffixes, and the statistics): none of its inputs may be one of them.
void refuse_inputs_as_results(const CLI::App& command, const std::vector<std::filesystem::path>& stems);

}  // namespace wsi_lpd::cli
