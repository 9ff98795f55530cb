#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace wsi_lpd::raster {

/// Counts the pixels of each class in the squares of a raster while its rows stream by, and measures how mixed the classes are. The squares
/// lie side by side from the origin of the raster; those at the right and lower edge may be cut off. Squares without a class pixel are left
/// out. Memory: 4 bytes for each class of each square with a class. Not thread-safe.
class SquareShares {
 public:
  /// Values 1…classes are counted. A square is `side` × `side` pixels.
  SquareShares(std::int64_t width, int side, int classes);
  void add_row(std::span<const std::uint8_t> labels);
  /// Ends the last row of squares; no rows may follow.
  void finish();

  std::int64_t squares() const { return static_cast<std::int64_t>(counts_.size() / classes_); }
  /// Shannon's entropy −Σ p·log2 p in bits (Shannon 1948) of the classes' shares p of the class pixels of a square, mean over squares. 0 if
  /// each square has one class, log2 C if all classes are evenly mixed in each. Nothing without squares.
  std::optional<double> mean_entropy() const;
  /// The 95 % percentile bootstrap interval (Efron 1979) of each class's share of all class pixels; squares are drawn with replacement 1000
  /// times. Draw i of resample r of n squares, in reading order, takes square (hash(kSeed, r·n + i) >> 32) · n >> 32 (counter_random.hpp),
  /// so the interval is reproducible. Empty for fewer than two squares.
  std::vector<std::array<double, 2>> share_intervals() const;

  static constexpr int kResamples = 1000;
  static constexpr std::uint64_t kSeed = 0;

 private:
  std::size_t classes_;
  int side_, rows_ = 0;                // rows in the current band
  std::vector<std::uint32_t> band_;    // [square in the band, class]
  std::vector<std::uint32_t> counts_;  // [square with a class, class]
};

}  // namespace wsi_lpd::raster
