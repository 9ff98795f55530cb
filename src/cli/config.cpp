#include "config.hpp"

#include <algorithm>

#include "toml_file.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/suggestion.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::cli {
namespace {

using Path = std::vector<std::string>;

std::vector<const CLI::App*> commands_of(const CLI::App& program) {
  return program.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::Option* find_option(const CLI::App& command, const std::string& name) {
  const CLI::Option* option = command.get_option_no_throw("--" + name);
  return option && option->get_configurable() ? option : nullptr;
}

/// Long names of the options that a configuration may set, positional arguments are none of them.
std::vector<std::string> known_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty() && option->get_configurable()) names.push_back(option->get_lnames().front());
  }
  return names;
}

[[noreturn]] void refuse_list(const std::string& where, const std::string& key) {
  throw core::UsageError(where + ": '" + key + "' takes one value, and a list is given; write it without brackets");
}

/// Throws UsageError that names the nearest key, or where none is near all of them.
[[noreturn]] void refuse_key(const std::string& where, const std::string& key, const CLI::App& command) {
  const std::string line = where + ": unknown key '" + key + "'", suggestion = core::did_you_mean(key, known_names(command));
  if (!suggestion.empty()) throw core::UsageError(line + suggestion);
  throw core::UsageError(line + "; " + command.get_name() + " knows: " + core::joined(known_names(command)));
}

/// Whether a key stands at the top of the file or in the section of `command`; false where it is another command's. Throws UsageError for
/// a section of no command.
bool is_for(const CLI::App& command, const CLI::App& program, const TomlEntry& entry, const std::string& where) {
  if (entry.path.size() == 1 || entry.path[0] == command.get_name()) return true;
  std::vector<std::string> names;
  for (const CLI::App* known : commands_of(program)) names.push_back(known->get_name());
  if (std::ranges::find(names, entry.path[0]) == names.end())
    throw core::UsageError(where + ": section [" + entry.path[0] + "] is no command" + core::did_you_mean(entry.path[0], names));
  return false;
}

/// Parses the command line alone: afterwards the options of `program` know whether they were given. False where an option lacks its value,
/// which ends the parsing; whatever else is wrong with it, all options have been seen.
bool parse_alone(CLI::App& program, std::vector<std::string> arguments) {
  std::ranges::reverse(arguments);
  try {
    program.parse(std::move(arguments));
  } catch (const CLI::ArgumentMismatch&) {
    return false;
  } catch (const CLI::Error&) {  // the parsing of all arguments comes to it, too
  }
  return true;
}

/// The values of an option in force, its default where nobody gave one; empty where it has none.
std::vector<std::string> values_of(const CLI::Option& option) {
  const bool is_flag = option.get_items_expected_max() == 0;
  std::vector<std::string> values = option.reduced_results();
  if (option.count() == 0) {
    const std::string otherwise = option.get_default_str();
    values = otherwise.empty() || otherwise == "[]" ? std::vector<std::string>{} : std::vector{otherwise};
    if (is_flag && values.empty()) values = {"false"};
  }
  if (is_flag && values.empty()) values = {"true"};
  return values;
}

/// The options of a command that are in force, in their order, with their values as text of TOML.
std::vector<std::pair<std::string, std::string>> in_force(const CLI::App& command, const std::set<std::string>& without) {
  std::vector<std::pair<std::string, std::string>> shown;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_lnames().empty() || !option->get_configurable() || without.contains(option->get_lnames().front())) continue;
    std::vector<std::string> values = values_of(*option);
    if (values.empty()) continue;
    const bool is_text = option->get_type_name().starts_with("TEXT");  // a folder may be called 1.0
    for (std::string& value : values) value = is_text ? toml_text(value) : toml_value(value);
    shown.emplace_back(option->get_lnames().front(), values.size() == 1 ? values[0] : "[" + core::joined(values) + "]");
  }
  return shown;
}

/// The keys of a file, with values in the form of in_force().
ConfigValues values_in(const std::vector<TomlEntry>& entries, const std::set<std::string>& without) {
  ConfigValues values;
  for (const TomlEntry& entry : entries) {
    if (without.contains(entry.key())) continue;
    std::vector<std::string> texts;
    for (const std::string& value : entry.values) texts.push_back(toml_value(value));
    values[entry.key()] = entry.values.size() == 1 ? texts[0] : "[" + core::joined(texts) + "]";
  }
  return values;
}

}  // namespace

const CLI::App* chosen_command(const CLI::App& program, const std::vector<std::string>& arguments) {
  const auto word = std::ranges::find_if(arguments, [](const std::string& argument) { return !argument.starts_with('-'); });
  if (word == arguments.end()) return nullptr;
  for (const CLI::App* command : commands_of(program)) {
    if (command->check_name(*word)) return command;
  }
  return nullptr;
}

Arguments with_config_file(CLI::App& program, const std::vector<std::string>& given) {
  Arguments arguments{.all = given};
  const CLI::App* command = chosen_command(program, given);
  const CLI::Option* config = command ? command->get_option_no_throw("--config") : nullptr;
  if (!config || !parse_alone(program, given) || config->count() == 0) return arguments;
  arguments.config = config->results().back();
  std::map<std::string, std::pair<const CLI::Option*, const TomlEntry*>> chosen;
  const std::vector<TomlEntry> entries = read_toml(arguments.config);
  for (const TomlEntry& entry : entries) {
    const std::string where = arguments.config + " line " + std::to_string(entry.line);
    if (!is_for(*command, program, entry, where)) continue;
    const std::string key = core::joined(Path(entry.path.begin() + (entry.path.size() > 1 ? 1 : 0), entry.path.end()), ".");
    const CLI::Option* option = find_option(*command, key);
    if (!option) refuse_key(where, key, *command);
    if (entry.is_list && option->get_items_expected_max() <= 1) refuse_list(where, key);
    auto& place = chosen["--" + option->get_lnames().front()];
    if (!place.second || entry.path.size() >= place.second->path.size()) place = {option, &entry};  // a section wins over the top
  }
  std::vector<std::string> from_file;
  for (const auto& [name, choice] : chosen) {
    const auto& [option, entry] = choice;
    if (option->count() > 0) continue;
    arguments.config_line[name] = entry->line;
    for (const std::string& value : entry->values) {
      const std::string key = "--" + entry->path.back();
      if (option->get_items_expected_max() == 0 || value.starts_with('-')) {  // else a flag takes no value, and -1 is an option
        from_file.emplace_back(key).append("=").append(value);
      } else {
        from_file.insert(from_file.end(), {key, value});
      }
    }
  }
  // Behind everything else: a list would take what follows it, slides among it, for more of its values.
  arguments.all.insert(std::ranges::find(arguments.all, "--"), from_file.begin(), from_file.end());
  return arguments;
}

std::string resolved_config(const CLI::App& command, const std::set<std::string>& without) {
  std::string text;
  for (const auto& [name, value] : in_force(command, without)) text.append(name).append(" = ").append(value).append("\n");
  return text;
}

ConfigValues config_values(const CLI::App& command, const std::set<std::string>& without) {
  const auto values = in_force(command, without);
  return {values.begin(), values.end()};
}

void write_resolved_config(const CLI::App& command, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  write_resolved_config_to(command, folder / "config.toml");
}

void write_resolved_config_to(const CLI::App& command, const std::filesystem::path& file) {
  std::string line = "# wsi-lpd " WSI_LPD_VERSION " " + command.get_name();
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty()) continue;
    for (const std::string& value : option->results()) line.append(" ").append(toml_value(value));
  }
  core::write_text_file(file, line + "\n" + resolved_config(command));
}

std::vector<std::string> config_changes(const CLI::App& command, const std::filesystem::path& folder,
                                        const std::set<std::string>& without) {
  const std::vector<TomlEntry> now = parse_toml(resolved_config(command), "the options in force");
  return core::changes_between(values_in(read_toml(folder / "config.toml"), without), values_in(now, without));
}

}  // namespace wsi_lpd::cli
