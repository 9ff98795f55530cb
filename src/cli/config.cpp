#include "config.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "suggestion.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::cli {
namespace {

/// CLI11 takes every # for a comment, in quotes too: comments are cut here, and CLI11 is given a comment sign that no file has.
std::string without_comment(const std::string& line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quote) {
      if (quote == '"' && line[i] == '\\') {
        ++i;  // what is escaped ends no text
      } else if (line[i] == quote) {
        quote = 0;
      }
    } else if (line[i] == '"' || line[i] == '\'') {
      quote = line[i];
    } else if (line[i] == '#') {
      return line.substr(0, i);
    }
  }
  return line;
}

std::vector<CLI::ConfigItem> parse_toml(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path)) throw UsageError(path.string() + ": the configuration file can't be read");
  std::stringstream stream;
  for (std::string line; std::getline(file, line);) {
    if (line.find('\0') != std::string::npos) throw UsageError(path.string() + ": is no text, but a TOML file is wanted");
    stream << without_comment(line) << "\n";
  }
  std::vector<CLI::ConfigItem> items;
  try {
    CLI::ConfigTOML parser;
    parser.comment('\x01');
    items = parser.from_config(stream);
  } catch (const CLI::Error& error) {
    throw UsageError(path.string() + ": is not valid TOML: " + error.what());
  }
  std::erase_if(items, [](const CLI::ConfigItem& item) { return item.name == "++" || item.name == "--"; });  // section marks
  return items;
}

bool is_command(const CLI::App& program, const std::string& name) { return chosen_command(program, {name}) != nullptr; }

const CLI::Option* find_option(const CLI::App& command, const std::string& name) {
  const CLI::Option* option = command.get_option_no_throw("--" + name);
  return option && option->get_configurable() ? option : nullptr;
}

std::vector<std::string> known_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty() && option->get_configurable()) names.push_back(option->get_lnames().front());
  }
  return names;
}

/// Throws UsageError that names the nearest key, or where none is near all of them.
[[noreturn]] void refuse_key(const std::string& path, const std::string& key, const CLI::App& command) {
  const std::string line = path + ": unknown key '" + key + "'", suggestion = did_you_mean(key, known_names(command));
  if (!suggestion.empty()) throw UsageError(line + suggestion);
  throw UsageError(line + "; " + command.get_name() + " knows: " + joined(known_names(command)));
}

bool is_number_or_bool(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return text == "true" || text == "false" || (error == std::errc() && end == text.data() + text.size());
}

/// Fractions in one way of writing, 1e-3 as 0.001, so that equal configurations are equal texts.
std::string toml_value(const std::string& text) {
  if (is_number_or_bool(text)) {
    if (text == "true" || text == "false" || text.find_first_of(".eE") == std::string::npos) return text;
    char number[32];
    const auto written =
        std::to_chars(std::begin(number), std::end(number), std::strtod(text.c_str(), nullptr), std::chars_format::general);
    return {number, written.ptr};
  }
  return toml_text(text);
}

}  // namespace

const CLI::App* chosen_command(const CLI::App& program, const std::vector<std::string>& arguments) {
  const auto word = std::ranges::find_if(arguments, [](const std::string& argument) { return !argument.starts_with('-'); });
  if (word == arguments.end()) return nullptr;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->check_name(*word)) return command;
  }
  return nullptr;
}

std::string config_argument(const std::vector<std::string>& arguments) {
  for (auto argument = arguments.rbegin(); argument != arguments.rend(); ++argument) {
    if (argument->starts_with("--config=")) return argument->substr(9);
    if (argument != arguments.rbegin() && *argument == "--config") return *std::prev(argument);
  }
  return {};
}

std::string toml_text(const std::string& text) {
  // Without escapes where that can be: CLI11 does not take all of them back.
  if (text.find_first_of("\"\\") != std::string::npos && text.find('\'') == std::string::npos) return "'" + text + "'";
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string toml_text(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (std::size_t i = 0; i < texts.size(); ++i) list += (i == 0 ? "" : ", ") + toml_text(texts[i]);
  return list + "]";
}

std::vector<std::string> with_config_file(const CLI::App& program, std::vector<std::string> arguments) {
  const std::string path = config_argument(arguments);
  const CLI::App* command = chosen_command(program, arguments);
  if (path.empty() || !command || !command->get_option_no_throw("--config")) return arguments;
  std::vector<std::string> from_file;
  for (const CLI::ConfigItem& item : parse_toml(path)) {
    if (!item.parents.empty() && item.parents != std::vector{command->get_name()}) {
      const bool other_command = item.parents.size() == 1 && is_command(program, item.parents[0]);
      if (other_command) continue;
      std::vector<std::string> commands;
      for (const CLI::App* known : program.get_subcommands([](const CLI::App*) { return true; })) commands.push_back(known->get_name());
      throw UsageError(path + ": section [" + item.parents[0] + "] is no command" + did_you_mean(item.parents[0], commands));
    }
    const CLI::Option* option = find_option(*command, item.name);
    if (!option) refuse_key(path, item.name, *command);
    const std::string name = "--" + item.name;
    const bool on_command_line = std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
      return argument.starts_with(name + "=") || option->check_name(argument);
    });
    if (on_command_line) continue;
    if (option->get_items_expected_max() == 0) {
      from_file.push_back(name + "=" + item.inputs.at(0));
    } else {
      from_file.push_back(name);
      from_file.insert(from_file.end(), item.inputs.begin(), item.inputs.end());
    }
  }
  // Behind everything else: a list would take what follows it, slides among it, for more of its values.
  arguments.insert(std::find(arguments.begin(), arguments.end(), "--"), from_file.begin(), from_file.end());
  return arguments;
}

std::string resolved_config(const CLI::App& command, const std::set<std::string>& without) {
  std::string text;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_lnames().empty() || !option->get_configurable() || without.contains(option->get_lnames().front())) continue;
    std::vector<std::string> values = option->reduced_results();
    if (const std::string otherwise = option->get_default_str(); option->count() == 0) {
      values = otherwise.empty() || otherwise == "[]" ? std::vector<std::string>{} : std::vector{otherwise};
    }
    if (option->get_items_expected_max() == 0 && option->count() == 0 && values.empty()) values = {"false"};
    if (option->get_items_expected_max() == 0 && values.empty()) values = {"true"};
    if (values.empty()) continue;
    text += option->get_lnames().front() + " = ";
    if (values.size() == 1) {
      text += toml_value(values.front());
    } else {
      for (std::size_t i = 0; i < values.size(); ++i) text += (i == 0 ? "[" : ", ") + toml_value(values[i]);
      text += "]";
    }
    text += "\n";
  }
  return text;
}

void write_resolved_config(const CLI::App& command, const std::filesystem::path& folder) {
  std::string line = "# wsi-lpd " WSI_LPD_VERSION " " + command.get_name();
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty()) continue;
    for (const std::string& value : option->results()) line += " " + toml_value(value);
  }
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::filesystem::create_directories(folder);
  write_text_file(folder / "config.toml", line + "\n" + resolved_config(command));
}

std::vector<std::string> config_changes(const CLI::App& command, const std::filesystem::path& folder,
                                        const std::set<std::string>& without) {
  const auto values_of = [&](std::istream& text) {
    std::map<std::string, std::string> values;
    for (std::string line; std::getline(text, line);) {
      const std::size_t equals = line.find(" = ");
      if (line.starts_with('#') || equals == std::string::npos || without.contains(line.substr(0, equals))) continue;
      values[line.substr(0, equals)] = line.substr(equals + 3);
    }
    return values;
  };
  std::istringstream before_text(read_text_file(folder / "config.toml")), now_text(resolved_config(command));
  std::map<std::string, std::string> before = values_of(before_text);
  const std::map<std::string, std::string> now = values_of(now_text);
  std::vector<std::string> changes;
  const auto add = [&](std::string key, const std::string& was, const std::string& is) {
    changes.push_back(key.append(" was ").append(was).append(", is ").append(is));
  };
  for (const auto& [key, value] : now) {
    const auto found = before.find(key);
    if (found == before.end() || found->second != value) add(key, found == before.end() ? "not set" : found->second, value);
    before.erase(key);
  }
  for (const auto& [key, value] : before) add(key, value, "not set");
  return changes;
}

std::vector<std::pair<std::string, std::vector<std::string>>> read_toml(const std::filesystem::path& path) {
  std::vector<std::pair<std::string, std::vector<std::string>>> pairs;
  for (const CLI::ConfigItem& item : parse_toml(path)) pairs.emplace_back(item.fullname(), item.inputs);
  return pairs;
}

}  // namespace wsi_lpd::cli
