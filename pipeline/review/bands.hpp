#pragma once
#include <memory>
#include <span>
#include <vector>

#include "wsi_lpd/output/region_table.hpp"
#include "wsi_lpd/pipeline/review/measure_options.hpp"
#include "wsi_lpd/slide/annotations.hpp"

namespace wsi_lpd::pipeline::review {

/// Measures bands along the borders of classes and regions, and distances between classes, while the rows of a slide stream by. A pixel's
/// distance from a border is that of its centre to the nearest centre of a pixel on the other side, less half a pixel, which lies between
/// that centre and the border: d = (√squared − ½) · µm/px, negative inside. A pixel that is as far as a bound belongs to the band farther
/// from the border, on both sides. The slide's edge is no border. Memory: BorderDistance over the slide's width for each class that
/// distances are from, and over the box of each region that has bands of its own for as long as rows of these stream by. Not thread-safe.
class BandsMeasuring {
 public:
  /// Bytes that the windows of all borders may hold together.
  static constexpr std::int64_t kMostMemory = std::int64_t{4} << 30;

  /// Keeps a reference to `regions`. All classes that the options name must be of `slide`. Throws Error: µm/px is unknown, distances beyond
  /// BorderDistance::kMostReach, more than kMostMemory.
  BandsMeasuring(const std::vector<slide::Annotation>& regions, const output::SlideStatistics& slide, const MeasureOptions& options);
  ~BandsMeasuring();
  /// Is there nothing to be measured? Then no rows are wanted.
  bool empty() const;
  /// All rows of the slide in their order; kLeftOut where a pixel is of an ignored region.
  void add_row(std::span<const std::uint8_t> labels);
  /// Ends the slide: sets `distances` and adds to `parts` of each region. No rows may follow.
  void finish(std::vector<output::RegionStatistics>& regions);

 private:
  class ClassBorder;
  class Margin;
  void check_memory(const core::Size& size) const;

  std::vector<std::unique_ptr<ClassBorder>> borders_;
  std::vector<std::unique_ptr<Margin>> margins_;
  std::int64_t y_ = 0;
};

}  // namespace wsi_lpd::pipeline::review
