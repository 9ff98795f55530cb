#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/polygon_fill.hpp"
#include "wsi_lpd/core/runs.hpp"
#include "wsi_lpd/slide/annotations.hpp"

namespace wsi_lpd::pipeline::review {

/// In rows of labels: a pixel that is not to be measured, because it is of an ignored region or not of the region in question.
inline constexpr std::uint8_t kLeftOut = 255;
/// Calls `use(label, begin, end)` for each run of equal labels that are not kLeftOut.
template <class Use>
void visit_runs(std::span<const std::uint8_t> labels, Use use) {
  for (std::size_t begin = 0, end = 0; begin < labels.size(); begin = end) {
    end = core::run_end(labels, begin, labels.size());
    if (labels[begin] != kLeftOut) use(labels[begin], begin, end);
  }
}

/// One region, painted row by row into the output frame. Not thread-safe.
class RegionFill {
 public:
  RegionFill(const slide::Annotation& region, const core::Frame& frame);
  /// The output pixels whose centres may lie in the region; empty where it lies beyond the slide.
  const core::Rect& box() const { return box_; }
  /// Sets the pixels of row `y` that are in the region to 1, all others to 0; `row` begins at column `x`. Rows must ascend.
  void paint(std::int64_t y, std::int64_t x, std::span<std::uint8_t> row);

 private:
  core::Rect box_;
  double scale_;
  core::PolygonFill fill_;
};

/// The regions that each row of a slide crosses, while the rows stream by. Not thread-safe.
class RegionRows {
 public:
  RegionRows(const std::vector<slide::Annotation>& regions, const core::Frame& frame);
  const core::Rect& box(std::size_t region) const { return fills_[region].box(); }
  /// The row below all regions.
  std::int64_t end() const { return end_; }
  /// Calls `use(region, row)` for each region whose box has row `y` of the slide, `labels`; `row` has the labels in the columns of the box,
  /// and kLeftOut where a pixel is not in the region. Rows ascend.
  template <class Use>
  void visit(std::int64_t y, std::span<const std::uint8_t> labels, Use use) {
    for (; !waiting_.empty() && box(waiting_.back()).y <= y; waiting_.pop_back()) active_.push_back(waiting_.back());
    std::erase_if(active_, [&](std::size_t region) { return box(region).bottom() <= y; });
    for (const std::size_t region : active_) {
      row_.resize(static_cast<std::size_t>(box(region).width));
      fills_[region].paint(y, box(region).x, row_);
      const std::uint8_t* first = labels.data() + box(region).x;
      for (std::size_t x = 0; x < row_.size(); ++x) row_[x] = row_[x] ? first[x] : kLeftOut;
      use(region, std::span<const std::uint8_t>(row_));
    }
  }

 private:
  std::vector<RegionFill> fills_;
  std::vector<std::size_t> waiting_, active_;  // regions; those that wait from the bottom to the top
  std::int64_t end_ = 0;
  std::vector<std::uint8_t> row_;
};

}  // namespace wsi_lpd::pipeline::review
