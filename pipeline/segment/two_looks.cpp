#include "two_looks.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "slide_canvas.hpp"
#include "tile_store.hpp"
#include "wsi_lpd/core/canvas.hpp"
#include "wsi_lpd/core/cell_entropy.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

/// Labels and entropies of the cells of the canvas, in sums over squares of a stride.
class DoubtMap : public core::CanvasSink {
 public:
  DoubtMap(const core::TilePlan& plan, const Segmenter::Shape& shape)
      : classes_(static_cast<std::size_t>(shape.classes.count())),
        cells_(plan.stride / shape.grid_stride),
        across_(core::divide_up(plan.tile, plan.stride)),
        columns_(core::divide_up(plan.frame.size.width, plan.stride)),
        squares_(static_cast<std::size_t>(columns_ * core::divide_up(plan.frame.size.height, plan.stride)) * (classes_ + 2)) {}

  void grid_row(std::span<const float> values, std::span<const std::uint8_t> labels) override {
    const std::size_t width = labels.size(), row = static_cast<std::size_t>(y_++ / cells_ * columns_);
    for (std::size_t x = 0; x < width; ++x) {
      if (labels[x] == core::kNotTissue || labels[x] == core::kUnreadable) continue;
      float* square = squares_.data() + (row + x / static_cast<std::size_t>(cells_)) * (classes_ + 2);
      ++square[labels[x] - 1U];
      ++square[classes_];
      square[classes_ + 1] += static_cast<float>(core::cell_entropy(values.data() + x, classes_, width));
    }
  }
  void label_row(std::span<const std::uint8_t>, std::span<const std::uint8_t>) override {}

  /// Of a tile at square (column, row).
  double doubt(std::int64_t column, std::int64_t row) const {
    std::vector<float> sum(classes_ + 2);
    const std::int64_t rows = static_cast<std::int64_t>(squares_.size() / (classes_ + 2)) / columns_;
    for (std::int64_t y = row; y < std::min(row + across_, rows); ++y)
      for (std::int64_t x = column; x < std::min(column + across_, columns_); ++x)
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += squares_[static_cast<std::size_t>(y * columns_ + x) * sum.size() + i];
    const float cells = sum[classes_];
    if (cells == 0) return 0;
    const float most = *std::max_element(sum.begin(), sum.end() - 2);
    return (1 - most / cells) * (sum[classes_ + 1] / cells);
  }

 private:
  std::size_t classes_;
  std::int64_t cells_, across_, columns_, y_ = 0;
  std::vector<float> squares_;  // [rows, columns, C + 2]: cells of each class, cells with a class, their entropies
};

/// Keeps the tiles of the first look, and labels the slide by them alone.
class FirstLook : public TileSink {
 public:
  FirstLook(const SlidePlan& plan, const core::TilePlan& part, const Segmenter::Shape& shape, const std::filesystem::path& folder)
      : store_(folder),
        doubt_(part, shape),
        canvas_(part, plan.tissue, shape.classes.count(), shape.grid_stride, core::Blend::Window, doubt_, gate_of(shape)) {}

  void add(const SeenTile& seen) override {
    store_.add(seen);
    add_to(canvas_, seen);
  }
  const DoubtMap& finish() {
    canvas_.finish();
    return doubt_;
  }
  TileStore& store() { return store_; }

 private:
  TileStore store_;
  DoubtMap doubt_;
  core::Canvas canvas_;
};

/// The tiles of the plan beside `seen` that are worth a look.
std::vector<std::uint8_t> worth_a_look(const core::TilePlan& plan, const std::vector<std::uint8_t>& seen, const DoubtMap& map,
                                       double effort) {
  std::vector<std::pair<double, std::size_t>> order;  // by doubt, then by place
  std::size_t others = 0;
  for (std::size_t i = 0; i < plan.tiles.size(); ++i) {
    if (seen[i]) continue;
    ++others;
    const double doubt = map.doubt(plan.tiles[i].x / plan.stride, plan.tiles[i].y / plan.stride);
    if (doubt > 0) order.emplace_back(-doubt, i);
  }
  std::ranges::sort(order);
  order.resize(std::min(order.size(), static_cast<std::size_t>(std::ceil(effort * static_cast<double>(others)))));
  std::vector<std::uint8_t> worth(plan.tiles.size());
  for (const auto& [doubt, i] : order) worth[i] = 1;
  return worth;
}

/// Passes tiles on, with those of a store between them, in the order of the plan.
class Merging : public TileSink {
 public:
  Merging(TileStore& store, TileSink& sink) : stored_(store.next()), store_(store), sink_(sink) {}
  void add(const SeenTile& seen) override {
    const auto place = [](const core::Tile& tile) { return std::tie(tile.y, tile.x); };
    for (; stored_ && place(stored_->tile) < place(seen.tile); stored_ = store_.next()) sink_.add(*stored_);
    sink_.add(seen);
  }
  void finish() {
    for (; stored_; stored_ = store_.next()) sink_.add(*stored_);
  }

 private:
  const SeenTile* stored_;
  TileStore& store_;
  TileSink& sink_;
};

}  // namespace

StreamCounts stream_in_two_looks(const SlidePlan& plan, const TileReader& reader, Segmenter& segmenter, TileSink& sink,
                                 const SegmentOptions& options, const std::filesystem::path& folder, const core::Work& work) {
  const std::vector<std::uint8_t> first = core::covering_tiles(plan.tiles, plan.tissue),
                                  scored = scored_tiles(plan.tiles, segmenter.shape());
  const auto scored_of = [&](const std::vector<std::uint8_t>& wanted) {
    std::vector<std::uint8_t> part;
    for (std::size_t i = 0; i < wanted.size(); ++i)
      if (wanted[i]) part.push_back(scored[i]);
    return part;
  };
  const core::TilePlan first_plan = core::part_of(plan.tiles, first);
  FirstLook look(plan, first_plan, segmenter.shape(), folder);
  StreamCounts counts =
      stream_tiles(first_plan, scored_of(first), reader.with(first_plan), segmenter, look, options, work, "segmenting, first look");

  const std::vector<std::uint8_t> second = worth_a_look(plan.tiles, first, look.finish(), options.effort);
  const core::TilePlan second_plan = core::part_of(plan.tiles, second);
  Merging merging(look.store(), sink);
  counts = stream_tiles(second_plan, scored_of(second), reader.with(second_plan), segmenter, merging, options, work,
                        "segmenting, second look", std::move(counts));
  merging.finish();
  return counts;
}

}  // namespace wsi_lpd::pipeline::segment
