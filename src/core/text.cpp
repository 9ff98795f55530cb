#include "wsi_lpd/core/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <iterator>

namespace wsi_lpd::core {

std::string joined(const std::vector<std::string>& words, const std::string& separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

std::string joined_first(const std::vector<std::string>& words, std::size_t most) {
  const std::size_t shown = std::min(most, words.size());
  std::string text = joined({words.begin(), words.begin() + static_cast<std::ptrdiff_t>(shown)});
  if (words.size() > shown) text.append(" and ").append(std::to_string(words.size() - shown)).append(" more");
  return text;
}

std::vector<std::string> first_lines(std::vector<std::string> lines) {
  if (lines.size() <= kMostLines) return lines;
  const std::size_t more = lines.size() - kMostLines;
  lines.resize(kMostLines);
  lines.push_back("and " + std::to_string(more) + " more like these");
  return lines;
}

std::string counted(const std::map<std::string, std::size_t>& kinds) {
  std::vector<std::string> words;
  words.reserve(kinds.size());
  for (const auto& [kind, count] : kinds) words.push_back(std::to_string(count) + " " + kind);
  return joined(words);
}

std::vector<std::string> changes_between(const std::map<std::string, std::string>& before,
                                         const std::map<std::string, std::string>& after) {
  std::vector<std::string> changes;
  const auto value_in = [](const auto& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() ? "not set" : found->second;
  };
  const auto add = [&](std::string key) {
    const std::string was = value_in(before, key), is = value_in(after, key);
    if (was != is) changes.push_back(key.append(" was ").append(was).append(", is ").append(is));
  };
  for (const auto& [key, value] : after) add(key);
  for (const auto& [key, value] : before)
    if (!after.contains(key)) add(key);
  return changes;
}

std::string count_of(std::size_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string shortest(double value) {
  char digits[32];
  return {digits, std::to_chars(std::begin(digits), std::end(digits), value).ptr};
}

std::string fixed(double value, int decimals) {
  if (!std::isfinite(value)) return "–";
  char digits[400];  // the largest double has 309 before the point
  return {digits, std::to_chars(std::begin(digits), std::end(digits), value, std::chars_format::fixed, decimals).ptr};
}

bool is_deep_json(std::string_view json) {
  constexpr int kDeepest = 100;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char character = json[i];
    if (character == '"') quoted = !quoted;
    if (quoted && character == '\\') ++i;  // what is escaped is no quote
    if (quoted) continue;
    if (character == '[' || character == '{') ++depth;
    if (character == ']' || character == '}') --depth;
    if (depth > kDeepest) return true;
  }
  return false;
}

std::string local_time(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[32] = "";
  std::strftime(text, sizeof text, format, &parts);
  return text;
}

}  // namespace wsi_lpd::core
