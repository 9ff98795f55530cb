#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace wsi_lpd::core {

// Every function here is thread-safe.

/// "TUM, STR, LYM"; empty for none.
std::string joined(const std::vector<std::string>& words, const std::string& separator = ", ");

/// "TUM, STR and 3 more": the first `most` words, and how many there are beyond.
std::string joined_first(const std::vector<std::string>& words, std::size_t most = 5);

/// How many of many similar lines are shown to a user.
inline constexpr std::size_t kMostLines = 10;
/// The first kMostLines lines and, where there are more, a last one "and 3 more like these" that counts the others.
std::vector<std::string> first_lines(std::vector<std::string> lines);

/// "2 .png, 1 hidden": how many there are of each kind. Empty for none.
std::string counted(const std::map<std::string, std::size_t>& kinds);

/// "1 slide", "3 slides".
std::string count_of(std::size_t count, const std::string& one, const std::string& many);

/// "overlap was 0.5, is 0.25" for each key whose values differ; a key that one of the two lacks is "not set" there. First those of `after`.
std::vector<std::string> changes_between(const std::map<std::string, std::string>& before, const std::map<std::string, std::string>& after);

/// The shortest text that reads as the same number, whatever the locale: "0.25".
std::string shortest(double value);

/// `value` with so many decimals, "0.31"; "–" where it is not finite: for readers, never for files that programs read.
std::string fixed(double value, int decimals);

/// Do lists and objects stand in each other more than 100 deep in this JSON? Sound files have a dozen. Parsed, they are copied and printed
/// by recursion, for which a file that is deep enough leaves no stack: look before parsing what others wrote.
bool is_deep_json(std::string_view json);

/// Now, in this machine's time zone, as strftime's `format` says; up to 31 bytes.
std::string local_time(const char* format);

}  // namespace wsi_lpd::core
