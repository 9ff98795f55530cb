#pragma once
// Private to pipeline/: the peak resident memory of this process, from Linux's /proc.
#include <cstdint>
#include <fstream>
#include <string>

namespace wsi_lpd::pipeline::segment {

/// Resets the peak for the whole process (/proc/self/clear_refs). No effect if /proc does not allow it: the peak then counts from the start
/// of the process.
inline void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << '5'; }

/// Largest resident memory since the reset, bytes; 0 if /proc does not tell.
inline std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

}  // namespace wsi_lpd::pipeline::segment
