#pragma once
// Private to pipeline/: the largest memory of this process, as Linux counts it.
#include <cstdint>
#include <fstream>
#include <string>

namespace wsi_lpd::pipeline::segment {

/// The peak counts from now on, for the whole process. Does nothing where /proc does not allow it: the peak then counts from the start.
inline void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << '5'; }

/// Largest resident memory since then, bytes; 0 where /proc does not say it.
inline std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

}  // namespace wsi_lpd::pipeline::segment
