#pragma once
// What is counted at a distance from a border. Distances are squared, between pixel centres, in output pixels: raster/border_distance.hpp.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tally.hpp"
#include "wsi_lpd/pipeline/review/measure_options.hpp"

namespace wsi_lpd::pipeline::review {

/// The least squared distance of pixels that are `um` or farther from a border, at `mpp` µm/px. Throws Error for a reach beyond
/// BorderDistance::kMostReach.
std::uint32_t squared_at(double um, double mpp);

/// The areas between the bounds of one option. Not thread-safe.
class BandCounts {
 public:
  BandCounts(const Bands& bands, double mpp, int classes);
  /// Distances from here on need not be told apart.
  std::uint32_t limit() const;
  /// Pixels of one label, which are all inside or all outside.
  void add(bool inside, std::uint8_t label, std::span<const std::uint32_t> squared);
  /// Named as bands of the border of class `of`, or of a region (output::band_name); a band that `parts` have already is left out.
  void add_parts(const std::string& of, std::vector<output::RegionPart>& parts) const;

 private:
  struct Bound {
    double um;
    bool inside;            ///< below 0; a bound of 0 has no pixel on it
    std::uint32_t squared;  ///< squared_at() the bound, from either side
  };
  std::vector<Bound> bounds_;
  std::vector<Tally> tallies_;
};

/// The distances of one class from another in one region. Not thread-safe.
class DistanceCounts {
 public:
  DistanceCounts(std::size_t from, std::size_t to, double maximum, double mpp);
  std::uint32_t limit() const { return limit_; }
  /// Pixels of one label.
  void add(std::uint8_t label, std::span<const std::uint32_t> squared);
  output::ClassDistance result() const;

 private:
  std::size_t from_, to_;
  double maximum_, mpp_;
  std::uint32_t limit_;
  std::int64_t pixels_ = 0, beyond_ = 0;
  double sum_ = 0;                      // output pixels
  std::vector<std::int64_t> at_tenth_;  // pixels at this distance, rounded to tenths of an output pixel
};

}  // namespace wsi_lpd::pipeline::review
