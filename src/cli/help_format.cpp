#include "help_format.hpp"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <sstream>

#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::cli {
namespace {

constexpr std::size_t kColumns = 96;
constexpr std::size_t kFirst = 30;  // columns of names

/// Columns that a UTF-8 text takes.
std::size_t columns_of(const std::string& text) {
  std::size_t columns = 0;
  for (const char c : text) columns += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return columns;
}

/// `text` broken between words into lines that end before kColumns. The first starts at `column`, the others at `indent`.
std::string wrapped(const std::string& text, std::size_t column, std::size_t indent) {
  std::string result;
  std::istringstream words(text);
  bool starts_line = true;
  for (std::string word; words >> word;) {
    const std::size_t width = columns_of(word);
    if (!starts_line && column + 1 + width > kColumns) {
      result.append("\n").append(std::string(indent, ' '));
      column = indent;
      starts_line = true;
    }
    result.append(starts_line ? "" : " ").append(word);
    column += width + (starts_line ? 0 : 1);
    starts_line = false;
  }
  return result;
}

/// Lines that fit stay as they are, and so do examples: they are aligned by hand.
std::string wrapped_lines(const std::string& text) {
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    result += (line.starts_with(' ') || line.starts_with("Example:") || columns_of(line) <= kColumns ? line : wrapped(line, 0, 0)) + "\n";
  return result;
}

std::string two_columns(const std::string& name, const std::string& text) {
  std::string line = "  " + name;
  const std::size_t width = columns_of(line);
  line += width + 2 > kFirst ? "\n" + std::string(kFirst, ' ') : std::string(kFirst - width, ' ');
  return line + wrapped(text, kFirst, kFirst) + "\n";
}

/// 200000 rather than 2e+05.
std::string plain(double value) {
  return value == std::floor(value) ? std::to_string(static_cast<std::int64_t>(value)) : core::shortest(value);
}

/// What CLI11 calls "FLOAT:FLOAT in [0 - 0.9]" or "TEXT:{a,b}", as the kind of value and what it may be.
struct Kind {
  std::string value, limits;
};

Kind kind_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t colon = type.find(':');
  Kind kind{type.substr(0, colon), ""};
  if (kind.value == "INT" || kind.value == "UINT" || kind.value == "FLOAT") kind.value = "NUMBER";
  if (colon == std::string::npos) return kind;
  const std::string rest = type.substr(colon + 1);
  if (rest.starts_with('{')) {
    std::istringstream choices(rest.substr(1, rest.size() - 2));
    for (std::string choice; std::getline(choices, choice, ',');) kind.limits.append(kind.limits.empty() ? "one of " : ", ").append(choice);
    kind.value = "WORD";
  } else if (const std::size_t from = rest.find('['), dash = rest.find(" - "); from != std::string::npos && dash != std::string::npos) {
    constexpr double kAny = 1e6;  // limits from here on only keep nonsense out
    const double low = std::strtod(rest.c_str() + from + 1, nullptr), high = std::strtod(rest.c_str() + dash + 3, nullptr);
    kind.limits = high < kAny ? plain(low) + " to " + plain(high) : "from " + plain(low) + " on";
  } else if (rest == "FILE") {
    kind.value = "FILE";
  }
  return kind;
}

/// "-o, --output"; "--crf, --no-crf"
std::string names_of(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names.append(names.empty() ? "-" : ", -").append(name);
  for (const std::string& name : option.get_lnames()) names.append(names.empty() ? "--" : ", --").append(name);
  return names;
}

}  // namespace

HelpFormat::HelpFormat() { column_width(kFirst); }

std::string HelpFormat::make_option(const CLI::Option* option, bool is_positional) const {
  const bool is_flag = option->get_items_expected_max() == 0;
  const Kind kind = is_flag ? Kind{} : kind_of(*option);
  const int most = option->get_expected_max();
  std::string name = is_positional ? option->get_name(true, false) : names_of(*option);
  if (!is_positional && !is_flag) {
    const bool is_list = most > 1 && option->get_delimiter() != '\0';
    name += " " + kind.value + (is_list ? "," + kind.value + ",…" : "");
    if (!is_list && most > 1 && most < CLI::detail::expected_max_vector_size) name += " " + kind.value;
  }
  if (is_positional && most > 1) name += "...";
  std::string notes = kind.limits;
  const auto note = [&](const std::string& text) { notes.append(notes.empty() ? "" : "; ").append(text); };
  std::string otherwise = option->get_default_str();
  if (otherwise.starts_with('[')) otherwise = otherwise.substr(1, otherwise.size() - 2);
  if (is_flag && !otherwise.empty()) otherwise = otherwise == "true" ? "on" : "off";
  if (!is_positional && !otherwise.empty()) note("default " + otherwise);
  if (!is_positional && option->get_required()) note("required");
  if (is_positional && !option->get_required()) note("may be left out");
  return two_columns(name, option->get_description() + (notes.empty() ? "" : " [" + notes + "]"));
}

std::string HelpFormat::make_subcommand(const CLI::App* command) const {
  return two_columns(command->get_name(), command->get_description());
}

std::string HelpFormat::make_description(const CLI::App* command) const { return wrapped_lines(command->get_description()); }

std::string HelpFormat::make_footer(const CLI::App* command) const { return wrapped_lines(command->get_footer()); }

}  // namespace wsi_lpd::cli
