#include "wsi_lpd/core/suggestion.hpp"

#include <algorithm>
#include <cctype>

namespace wsi_lpd::core {
namespace {

std::string folded(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return c == '_' ? '-' : static_cast<char>(std::tolower(c)); });
  return text;
}

/// Letters to insert, remove, replace or swap with their neighbour until `a` is `b` (optimal string alignment).
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const std::string wanted = folded(word);
  constexpr std::size_t kLongest = 64;  // bytes; what is longer is no name
  if (wanted.empty() || wanted.size() > kLongest) return {};
  const std::string* nearest = nullptr;
  std::size_t least = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  for (const std::string& name : known) {
    const std::string candidate = folded(name);
    const bool is_start = wanted.size() > 1 && candidate.starts_with(wanted);  // cut short
    const std::size_t steps = is_start ? 1 : distance(wanted, candidate);
    if (steps < least) {
      least = steps;
      nearest = &name;
    }
  }
  return nearest ? "; did you mean " + *nearest + "?" : std::string();
}

}  // namespace wsi_lpd::core
