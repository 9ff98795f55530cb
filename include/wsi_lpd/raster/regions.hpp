#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace wsi_lpd::raster {

/// Counts pixels and 8-connected regions of each class while the rows of a label raster stream by. Memory grows with the runs of one row,
/// not with the raster. Not thread-safe.
class RegionCounter {
 public:
  struct Count {
    std::int64_t pixels = 0;
    std::int64_t regions = 0;
    std::int64_t largest = 0;  ///< pixels of the largest region
    bool operator==(const Count&) const = default;
  };

  /// Values 1…classes are counted, other values are not.
  explicit RegionCounter(int classes) : counts_(static_cast<std::size_t>(classes)) {}
  void add_row(std::span<const std::uint8_t> labels);
  /// Ends the raster and returns the counts by class (index value − 1). No rows may follow.
  const std::vector<Count>& finish();

 private:
  struct Run {
    std::int64_t begin, end;  // [begin, end)
    std::uint8_t value;
    std::size_t region;  // index into regions_
  };
  struct Region {
    std::size_t parent;
    std::int64_t pixels;
    std::uint8_t value;
  };
  std::size_t root(std::size_t region);
  void close(const Region& region);

  std::vector<Count> counts_;
  std::vector<Run> runs_;        // of the previous row
  std::vector<Region> regions_;  // regions that touch the previous row
};

}  // namespace wsi_lpd::raster
