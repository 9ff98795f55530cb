#include "hot_spots.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "region_rows.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/geometry.hpp"
#include "wsi_lpd/core/text.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

std::int64_t with_class(const output::Composition& composition) {
  return std::accumulate(composition.classes.begin(), composition.classes.end(), std::int64_t{0});
}

}  // namespace

GridOnSlide::GridOnSlide(const SquareGrid& grid, const output::SlideStatistics& slide) {
  const core::Frame& frame = slide.frame;
  if (frame.mpp <= 0) throw core::Error("its um per pixel are unknown, which a grid needs: segment it again with --mpp");
  const double exact = std::sqrt(grid.area) * 1000 / frame.mpp;
  const std::string squares = "squares of " + core::shortest(grid.area) + " mm2 are ";
  const std::string advice = " (" + core::shortest(frame.mpp) + " um per pixel): choose another area for --grid";
  if (exact < 1) throw core::Error(squares + "smaller than a pixel" + advice);
  if (exact > static_cast<double>(std::max(frame.size.width, frame.size.height)))
    throw core::Error(squares + "larger than the slide, " + std::to_string(frame.size.width) + " x " + std::to_string(frame.size.height) +
                      " pixels" + advice);
  side = std::llround(exact);
  const std::int64_t count = core::divide_up(frame.size.width, side) * core::divide_up(frame.size.height, side);
  if (count > kMostSquares)
    throw core::Error(squares + std::to_string(count) + " on this slide, and at most " + std::to_string(kMostSquares) + " are taken" +
                      advice);
  of = static_cast<std::size_t>(std::ranges::find(slide.classes.names, grid.of) - slide.classes.names.begin());
}

SquaresInRegion::SquaresInRegion(const GridOnSlide& grid, std::int64_t x, std::int64_t width, int classes)
    : grid_(grid), x_(x), classes_(classes) {
  if (width > 0) tallies_.resize(static_cast<std::size_t>((x + width - 1) / grid.side - x / grid.side + 1), Tally(classes));
}

void SquaresInRegion::add_row(std::int64_t y, std::span<const std::uint8_t> labels) {
  if (y / grid_.side != row_) end_row();
  row_ = y / grid_.side;
  const auto side = static_cast<std::size_t>(grid_.side), width = labels.size();
  for (std::size_t begin = 0, square = 0, end = side - static_cast<std::size_t>(x_) % side; begin < width; begin = end, end += side) {
    end = std::min(end, width);
    visit_runs(labels.subspan(begin, end - begin), [&](std::uint8_t label, std::size_t from, std::size_t to) {
      tallies_[square].add(label, static_cast<std::int64_t>(to - from));
    });
    ++square;
  }
}

void SquaresInRegion::end_row() {
  for (std::size_t i = 0; i < tallies_.size(); ++i) {
    Square square{x_ / grid_.side + static_cast<std::int64_t>(i) + 1, row_ + 1, tallies_[i].composition()};
    if (with_class(square.composition) > 0) squares_.push_back(std::move(square));
    tallies_[i] = Tally(classes_);
  }
}

void SquaresInRegion::finish(output::RegionStatistics& region) {
  end_row();
  for (Square& square : squares_) {
    const std::int64_t all = with_class(square.composition);
    const double share = static_cast<double>(square.composition.classes[grid_.of]) / static_cast<double>(all);
    if (2 * all >= grid_.side * grid_.side && share > 0 && (!region.hot_spot || share > region.hot_spot->share))
      region.hot_spot = {grid_.of, square.column, square.row, grid_.side, share};
    region.parts.push_back({"square " + std::to_string(square.column) + " " + std::to_string(square.row), std::move(square.composition)});
  }
}

}  // namespace wsi_lpd::pipeline::review
