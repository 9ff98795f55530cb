#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace wsi_lpd::raster {

/// Which values of a raster are inside: v is where (v & mask) == wanted.
struct Inside {
  std::uint8_t mask = 0xFF, wanted = 1;
  bool operator()(std::uint8_t value) const { return (value & mask) == wanted; }
};

/// How far each pixel is from the other side of a border, worked out while the rows of a raster stream by: of a pixel inside the squared
/// Euclidean distance to the nearest pixel outside, of a pixel outside that to the nearest inside; between pixel centres, in pixels. These
/// are whole numbers and exact below `limit`; all others, also where there is no other side, become `limit`. The raster's edge is no
/// border.
///
/// The columns first, then the rows by the lower envelope of parabolas (Meijster, Roerdink, Hesselink 2000; Felzenszwalb, Huttenlocher
/// 2012), within each run of one side: a pixel of the other side at the run's end is nearer than all beyond it. Time: linear in the pixels.
/// Memory: memory(), at most (1.75 · reach + 192) · width bytes, and a few rows. Not thread-safe.
class BorderDistance {
 public:
  /// Gets the rows again in their order, each with its squared distances [width].
  using Sink = std::function<void(std::span<const std::uint8_t> values, std::span<const std::uint32_t> squared)>;

  /// The longest reach that there may be, in pixels.
  static constexpr std::int64_t kMostReach = 16384;
  /// The number of rows that distances below `limit` reach.
  static std::int64_t reach(std::uint32_t limit);
  /// Bytes for a raster of this size.
  static std::int64_t memory(std::int64_t width, std::int64_t height, std::uint32_t limit);

  /// `limit` ≥ 1, of a reach up to kMostReach. Rows are worked out `strip` at a time, which changes no distance; 0: a quarter of the reach.
  BorderDistance(std::int64_t width, Inside inside, std::uint32_t limit, Sink sink, std::int64_t strip = 0);
  void add_row(std::span<const std::uint8_t> values);
  /// Ends the raster: the sink gets what it lacks.
  void finish();

 private:
  using Steps = std::vector<std::uint16_t>;  // [width]: rows to the nearest pixel of the other side in the column, kNone for none
  struct Parabola {
    std::int64_t x, height;  ///< of its lowest point, from the run's begin
    std::int64_t from;       ///< where it begins to be the lowest of all
  };
  void work_out(std::size_t rows);
  void spread(std::span<const std::uint8_t> sides);
  void spread_run(std::int64_t begin, std::int64_t end);

  std::int64_t width_;
  Inside inside_;
  std::uint32_t limit_;
  std::int64_t reach_;
  std::size_t strip_;
  Sink sink_;
  std::vector<std::vector<std::uint8_t>> values_;  // rows that wait, from the first that the sink lacks on
  std::size_t waiting_ = 0;                        // of values_; the others are to be used again
  std::vector<Steps> down_;                        // [strip]
  std::vector<std::uint8_t> above_;                // the sides of the row before
  Steps up_, nearest_;                             // of the row before, of the row itself
  std::vector<Parabola> envelope_;
  std::vector<std::uint32_t> squared_;
};

}  // namespace wsi_lpd::raster
