#pragma once
#include <string>
#include <vector>

namespace wsi_lpd {

/// "TUM, STR, LYM"; empty for none.
std::string joined(const std::vector<std::string>& words, const std::string& separator = ", ");

/// The shortest text that reads as the same number, whatever the locale: "0.25".
std::string shortest(double value);

/// `value` with so many decimals, "0.31"; "–" where it is not finite: for readers, never for files that programs read.
std::string fixed(double value, int decimals);

/// Now, in this machine's time zone, as strftime's `format` says; up to 31 bytes. Thread-safe.
std::string local_time(const char* format);

}  // namespace wsi_lpd
