#pragma once
#include <cstdint>
#include <cstring>
#include <span>

namespace wsi_lpd::core {

/// The index after the run of equal values that begins at `begin`, at most `end`; begin < end <= row.size(). Compares eight values at a
/// time, because rows of label rasters are mostly long runs. Thread-safe.
inline std::size_t run_end(std::span<const std::uint8_t> row, std::size_t begin, std::size_t end) {
  const std::uint64_t wanted = row[begin] * 0x0101010101010101ULL;
  std::size_t x = begin + 1;
  for (std::uint64_t values = 0; x + sizeof values <= end; x += sizeof values) {
    std::memcpy(&values, row.data() + x, sizeof values);
    if (values != wanted) break;
  }
  while (x < end && row[x] == row[begin]) ++x;
  return x;
}

/// Are all values 0?
inline bool is_blank(std::span<const std::uint8_t> row) {
  return row.empty() || (row[0] == 0 && run_end(row, 0, row.size()) == row.size());
}

}  // namespace wsi_lpd::core
