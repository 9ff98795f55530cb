#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace wsi_lpd::raster {

/// Counts the pixels of each class in the squares of a raster while its rows stream by, and works out how mixed the classes are. The
/// squares lie side by side from the raster's origin; those at the right and lower edge may be cut. Squares without a class are left out.
/// Memory: 4 bytes for each class of each square that has one. Not thread-safe.
class SquareShares {
 public:
  /// Values 1…classes are counted; squares have `side` pixels a side.
  SquareShares(std::int64_t width, int side, int classes);
  void add_row(std::span<const std::uint8_t> labels);
  /// Ends the last row of squares; no rows may follow.
  void finish();

  std::int64_t squares() const { return static_cast<std::int64_t>(counts_.size() / classes_); }
  /// Shannon's entropy −Σ p·log2 p in bits (Shannon 1948) of the classes' shares p of the class pixels of a square, mean over squares: 0
  /// where each square has one class, log2 C where all are evenly mixed. Nothing without squares.
  std::optional<double> mean_entropy() const;
  /// The 95 % percentile bootstrap interval (Efron 1979) of each class's share of all class pixels, squares drawn with replacement 1000
  /// times. Draw i of resample r of n squares, in reading order, takes square (hash(kSeed, r·n + i) >> 32) · n >> 32 (counter_random.hpp),
  /// so that anyone can repeat it. Empty for fewer than two squares, which tell nothing about scatter.
  std::vector<std::array<double, 2>> share_intervals() const;

  static constexpr int kResamples = 1000;
  static constexpr std::uint64_t kSeed = 0;

 private:
  std::size_t classes_;
  int side_, rows_ = 0;                // rows of the band at hand
  std::vector<std::uint32_t> band_;    // [square of the band, class]
  std::vector<std::uint32_t> counts_;  // [square with a class, class]
};

}  // namespace wsi_lpd::raster
