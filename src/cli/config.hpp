#pragma once
#include <set>
#include <string>
#include <vector>

#include "command.hpp"

namespace wsi_lpd::cli {

/// The command that `arguments` of the command line name; null where none does.
const CLI::App* chosen_command(const CLI::App& program, const std::vector<std::string>& arguments);

/// The value of --config in `arguments`, the last one's; empty where there is none.
std::string config_argument(const std::vector<std::string>& arguments);

/// Arguments with the keys of the file that --config names added to those of the command line, which wins. A key is an option's long
/// name, at the top of the file or under [command]. Throws UsageError: no such file, not TOML, unknown key (file, key, the
/// nearest or all known ones).
std::vector<std::string> with_config_file(const CLI::App& program, std::vector<std::string> arguments);

/// Every option of a command with its value in force, as TOML that --config takes back; `without` names options to leave out.
std::string resolved_config(const CLI::App& command, const std::set<std::string>& without = {});

/// Writes resolved_config as FOLDER/config.toml, with the command line that led to it as a comment.
void write_resolved_config(const CLI::App& command, const std::filesystem::path& folder);

/// What differs between the options in force and the config.toml in `folder`, but for the keys in `without`: "lr was 1e-3, is 3e-4".
/// Throws Error when there is no such file.
std::vector<std::string> config_changes(const CLI::App& command, const std::filesystem::path& folder, const std::set<std::string>& without);

/// A text, or a list of texts, in quotes as TOML wants them.
std::string toml_text(const std::string& text);
std::string toml_text(const std::vector<std::string>& texts);

/// A file of TOML `key = value` lines as pairs; lists have several values. Throws UsageError naming the file.
std::vector<std::pair<std::string, std::vector<std::string>>> read_toml(const std::filesystem::path& path);

}  // namespace wsi_lpd::cli
