#include "usage_error.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/suggestion.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::cli {
namespace {

/// "--tile" of "--tile=448"; empty for values and negative numbers.
std::string option_name(const std::string& argument) {
  if (!argument.starts_with('-') || argument.size() < 2) return {};
  char* end = nullptr;
  std::strtod(argument.c_str(), &end);
  return *end == '\0' ? std::string() : argument.substr(0, argument.find('='));
}

bool knows(const CLI::App& command, const std::string& name) {
  return command.get_option_no_throw(name) || (!name.starts_with("--") && command.get_option_no_throw(name.substr(0, 2)));  // -ofile
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) names.push_back(command->get_name());
  return names;
}

/// A suggestion, or where to look.
std::string advice(const std::string& word, const std::vector<std::string>& known, const std::string& help) {
  const std::string suggestion = core::did_you_mean(word, known);
  return suggestion.empty() ? "; see " + help : suggestion;
}

/// The command, or the file and line of --config that an option comes from.
std::string where_given(const CLI::App& command, const Arguments& arguments, const std::string& option) {
  const auto of_file = arguments.config_line.find(option);
  return of_file == arguments.config_line.end() ? command.get_name() : arguments.config + " line " + std::to_string(of_file->second);
}

/// "NAME: windw not in {window,crop}" and "NAME: Value 3 not in range 0.000000 to 0.900000", as CLI11 has them, for people.
std::string value_line(const std::string& line) {
  constexpr const char *kChoices = " not in {", *kRange = " not in range ";
  const std::size_t colon = line.find(": ");
  if (const std::size_t at = line.find(kChoices); colon != std::string::npos && at != std::string::npos && line.ends_with('}')) {
    const std::string value = line.substr(colon + 2, at - colon - 2);
    std::vector<std::string> choices;
    std::istringstream list(line.substr(at + 9, line.size() - at - 10));
    for (std::string choice; std::getline(list, choice, ',');) choices.push_back(choice);
    return line.substr(0, colon) + ": '" + value + "' is none of " + core::joined(choices) + core::did_you_mean(value, choices);
  }
  if (const std::size_t at = line.find(kRange), to = line.rfind(" to ");
      colon != std::string::npos && at != std::string::npos && to != std::string::npos && line.compare(colon, 8, ": Value ") == 0) {
    const auto number = [](const std::string& text) { return core::shortest(std::strtod(text.c_str(), nullptr)); };
    return line.substr(0, colon) + ": " + line.substr(colon + 8, at - colon - 8) + " is no number from " +
           number(line.substr(at + 14, to - at - 14)) + " to " + number(line.substr(to + 4));
  }
  return line;
}

}  // namespace

std::string usage_error_line(const CLI::App& program, const std::vector<std::string>& given, const Arguments& arguments,
                             const CLI::ParseError& error) {
  const CLI::App* command = chosen_command(program, given);
  if (!command) {
    if (given.empty()) return "no command is given; see wsi-lpd --help";
    const bool is_option = given[0].starts_with('-');
    return std::string("unknown ") + (is_option ? "option " : "command ") + given[0] +
           advice(given[0], is_option ? option_names(program) : command_names(program), "wsi-lpd --help");
  }
  const std::string help = "wsi-lpd " + command->get_name() + " --help";
  for (const std::string& argument : given) {
    if (argument == "--") break;
    if (const std::string name = option_name(argument); !name.empty() && !knows(*command, name))
      return command->get_name() + ": unknown option " + name + advice(name, option_names(*command), help);
  }
  std::string line = error.what();
  line = line.substr(0, line.find('\n'));
  if (dynamic_cast<const CLI::ExtrasError*>(&error)) {
    constexpr const char* kBefore = "expected: ";
    const std::size_t at = line.find(kBefore);
    return command->get_name() + ": takes no more than it has got, and this is left: " +
           (at == std::string::npos ? line : line.substr(at + std::string(kBefore).size())) + "; see " + help;
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) && line.find(" missing") != std::string::npos)
    return command->get_name() + ": " + line.substr(0, line.find(':')) + " needs a value; see " + help;
  const std::string name = line.substr(0, line.find_first_of(": "));
  line = value_line(line);
  return where_given(*command, arguments, name) + ": " + line + (line.ends_with('?') ? "" : "; see " + help);
}

void refuse_not_a_number(const CLI::App& command, const Arguments& arguments) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_type_name().find("FLOAT") == std::string::npos) continue;
    for (const std::string& value : option->results()) {
      char* end = nullptr;
      if (!std::isnan(std::strtod(value.c_str(), &end)) || *end != '\0') continue;
      throw core::UsageError(where_given(command, arguments, option->get_name()) + ": " + option->get_name() + ": " + value +
                             " is no number; see wsi-lpd " + command.get_name() + " --help");
    }
  }
}

void refuse_empty_arguments(const std::vector<std::string>& given) {
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string& before = i > 0 ? given[i - 1] : given[i];
    if (given[i].starts_with("--") && given[i].ends_with("="))
      throw core::UsageError(given[i].substr(0, given[i].size() - 1) + ": its value is empty; leave the option out or give it one");
    if (given[i].empty())
      throw core::UsageError((i > 0 ? "the argument after " + before : "the first argument") + " is empty; leave " +
                             (before.starts_with('-') ? before : "it") + " out or give a value");
  }
}

}  // namespace wsi_lpd::cli
