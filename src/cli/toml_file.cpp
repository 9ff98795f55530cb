#include "toml_file.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::cli {
namespace {

std::string line_of(const std::string& where, const toml::source_region& place) {
  return where + " line " + std::to_string(place.begin.line);
}

std::string number_text(double value) {
  char number[32];
  return {number, std::to_chars(std::begin(number), std::end(number), value, std::chars_format::general).ptr};
}

/// Adds a value of its own or of a list.
void add_value(TomlEntry& entry, const toml::node& node, const std::string& where) {
  auto type = TomlEntry::Type::Number;
  if (const auto* text = node.as_string()) {
    entry.values.push_back(**text);
    return;
  }
  if (const auto* whole = node.as_integer()) {
    entry.values.push_back(std::to_string(**whole));
  } else if (const auto* fraction = node.as_floating_point()) {
    entry.values.push_back(number_text(**fraction));
  } else if (const auto* truth = node.as_boolean()) {
    entry.values.emplace_back(**truth ? "true" : "false");
    type = TomlEntry::Type::Bool;
  } else if (node.is_table() || node.is_array()) {
    throw core::UsageError(line_of(where, node.source()) + ": the list '" + entry.key() +
                           "' holds lists or tables; write texts, numbers, true or false into it");
  } else {
    std::ostringstream date;
    node.visit([&](const auto& value) { date << value; });
    entry.values.push_back(date.str());
    type = TomlEntry::Type::Date;
  }
  if (entry.type == TomlEntry::Type::Text) entry.type = type;
}

void add_table(std::vector<TomlEntry>& entries, const toml::table& table, const std::vector<std::string>& sections,
               const std::string& where) {
  std::vector<std::pair<const toml::key*, const toml::node*>> keys;  // a table sorts its keys by name
  keys.reserve(table.size());
  for (const auto& [key, node] : table) keys.emplace_back(&key, &node);
  std::ranges::sort(keys, [](const auto& a, const auto& b) { return a.first->source().begin < b.first->source().begin; });
  for (const auto& [key, node] : keys) {
    TomlEntry entry{.path = sections, .line = static_cast<int>(key->source().begin.line)};
    entry.path.emplace_back(key->str());
    if (const toml::table* inner = node->as_table()) {
      add_table(entries, *inner, entry.path, where);
      continue;
    }
    if (const toml::array* list = node->as_array()) {
      entry.is_list = true;
      for (const toml::node& value : *list) add_value(entry, value, where);
    } else {
      add_value(entry, *node, where);
    }
    entries.push_back(std::move(entry));
  }
}

}  // namespace

std::string TomlEntry::key() const { return core::joined(path, "."); }

std::vector<TomlEntry> parse_toml(const std::string& text, const std::string& where) {
  std::vector<TomlEntry> entries;
  try {
    add_table(entries, toml::parse(text), {}, where);
  } catch (const toml::parse_error& error) {
    throw core::UsageError(line_of(where, error.source()) + ": is not valid TOML: " + std::string(error.description()) +
                           R"(; a line is name = 5, name = true, name = "text" or name = ["a", "b"], and has each name once)");
  }
  return entries;
}

std::vector<TomlEntry> read_toml(const std::filesystem::path& path) {
  std::string text;
  try {
    text = core::read_text_file(path);
  } catch (const core::Error& error) {
    throw core::UsageError(core::in_context(path.string(), error.what()));
  }
  if (text.find('\0') != std::string::npos) throw core::UsageError(path.string() + ": is no text, but a TOML file is wanted");
  return parse_toml(text, path.string());
}

std::string toml_text(const std::string& text) {
  const bool has_control = std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (!has_control && text.find_first_of("\"\\") != std::string::npos && text.find('\'') == std::string::npos) return "'" + text + "'";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7F) {
      constexpr const char* kDigits = "0123456789ABCDEF";
      quoted.append("\\u00").append(1, kDigits[code / 16]).append(1, kDigits[code % 16]);
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string toml_text(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (std::size_t i = 0; i < texts.size(); ++i) list.append(i == 0 ? "" : ", ").append(toml_text(texts[i]));
  return list + "]";
}

std::string toml_value(const std::string& text) {
  if (text == "true" || text == "false") return text;
  const char* const end = text.data() + text.size();
  std::int64_t whole = 0;
  double fraction = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, whole); error == std::errc() && stop == end)
    return std::to_string(whole) == text ? text : toml_text(text);  // 007 is no number of TOML
  const bool is_fraction = text.find_first_of(".eE") != std::string::npos;
  const auto [stop, error] = std::from_chars(text.data(), end, fraction);
  return is_fraction && error == std::errc() && stop == end ? number_text(fraction) : toml_text(text);
}

}  // namespace wsi_lpd::cli
