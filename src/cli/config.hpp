#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "command.hpp"

namespace wsi_lpd::cli {

/// The command that `arguments` of the command line name; null where none does.
const CLI::App* chosen_command(const CLI::App& program, const std::vector<std::string>& arguments);

/// What a command is to be parsed from: the command line and the file that --config names.
struct Arguments {
  std::vector<std::string> all;              ///< the command line's, and those of the file that it does not overrule
  std::string config{};                      ///< the file; empty where there is none
  std::map<std::string, int> config_line{};  ///< of each option that the file decides ("--tile"): its line
};

/// Arguments with the keys of the file that --config names added to those of the command line, which wins in every way of writing an
/// option that CLI11 knows. A key is an option's long name, at the top of the file or under [command], which wins over the top. Parses
/// `program` once to see what the command line says. Throws UsageError (file, line): no such file, not TOML, unknown key (the nearest or
/// all known ones), a list for one value.
Arguments with_config_file(CLI::App& program, const std::vector<std::string>& given);

/// Every option of a command with its value in force, as TOML that --config takes back; `without` names options to leave out.
std::string resolved_config(const CLI::App& command, const std::set<std::string>& without = {});

/// Options by name, to their values as text of TOML.
using ConfigValues = std::map<std::string, std::string>;
/// What resolved_config() writes, by name.
ConfigValues config_values(const CLI::App& command, const std::set<std::string>& without = {});

/// Writes resolved_config as FOLDER/config.toml, with the command line that led to it as a comment.
void write_resolved_config(const CLI::App& command, const std::filesystem::path& folder);

/// The same as `file`.
void write_resolved_config_to(const CLI::App& command, const std::filesystem::path& file);

/// What differs between the options in force and the config.toml in `folder`, but for the keys in `without`: "lr was 0.001, is 0.0003".
/// Throws Error when there is no such file.
std::vector<std::string> config_changes(const CLI::App& command, const std::filesystem::path& folder, const std::set<std::string>& without);

}  // namespace wsi_lpd::cli
