#include "slide_crf.hpp"

#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <chrono>

#include "wsi_lpd/core/bilinear_grid.hpp"
#include "wsi_lpd/model/network/patch_model.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

constexpr std::uint8_t kOutside = 255;  ///< of the tissue, in rows that wait
constexpr int kMostBlocksAtOnce = 8;    ///< bounds memory; further threads share the blocks

}  // namespace

SlideCrf::SlideCrf(const slide::FrameReader& reader, const core::Frame& frame, const Segmenter& segmenter, const SlideCrfOptions& options,
                   int threads, const core::CancelFlag& cancel, core::CanvasSink& next)
    : reader_(reader),
      frame_(frame),
      segmenter_(segmenter),
      classes_(static_cast<std::size_t>(segmenter.shape().classes.count())),
      stride_(segmenter.shape().grid_stride),
      options_(options),
      cancel_(cancel),
      next_(next),
      grid_{core::divide_up(frame.size.width, stride_), core::divide_up(frame.size.height, stride_)} {
  if (threads == 0) threads = tbb::info::default_concurrency();
  at_once_ = std::min(threads, kMostBlocksAtOnce);
  options_.crf.threads = threads / at_once_;
}

void SlideCrf::grid_row(std::span<const float> values, std::span<const std::uint8_t> /*labels*/) {
  grid_rows_.emplace_back(values.begin(), values.end());
}

void SlideCrf::label_row(std::span<const std::uint8_t> labels, std::span<const std::uint8_t> tissue) {
  std::vector<std::uint8_t>& row = label_rows_.emplace_back(labels.begin(), labels.end());
  for (std::size_t x = 0; x < row.size(); ++x) {
    if (!tissue[x]) row[x] = kOutside;
  }
  // The canvas has handed over all grid rows that the last row here lies between.
  const auto complete = [&] {
    const std::int64_t last = std::min(band_top_ + options_.block + options_.margin, frame_.size.height);
    return band_top_ < frame_.size.height && band_top_ + static_cast<std::int64_t>(label_rows_.size()) == last;
  };
  while (complete()) infer_band();
}

void SlideCrf::infer_band() {
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t bottom = std::min(band_top_ + options_.block, frame_.size.height);
  std::vector<core::Rect> blocks;
  for (std::int64_t x = 0; x < frame_.size.width; x += options_.block) {
    const core::Rect block{x, band_top_, std::min<std::int64_t>(options_.block, frame_.size.width - x), bottom - band_top_};
    if (has_tissue(block)) blocks.push_back(block);
  }
  // An arena of their own: a thread that waits here must not start on another batch of tiles.
  tbb::task_arena(at_once_).execute([&] {
    tbb::parallel_for(
        std::size_t{0}, blocks.size(), [&](std::size_t i) { infer(blocks[i]); }, tbb::simple_partitioner());
  });
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  emit_band(bottom);
}

bool SlideCrf::has_tissue(const core::Rect& block) const {
  for (std::int64_t y = block.y; y < block.bottom(); ++y) {
    const std::uint8_t* const labels = label_rows_[static_cast<std::size_t>(y - band_top_)].data();
    if (std::any_of(labels + block.x, labels + block.right(),
                    [](std::uint8_t label) { return label != kOutside && label != core::kUnreadable; }))
      return true;
  }
  return false;
}

/// Puts the labels of the CRF into the rows that wait.
void SlideCrf::infer(const core::Rect& block) {
  core::check(cancel_);
  const std::int64_t margin = options_.margin;
  const core::Rect region = core::intersection({block.x - margin, block.y - margin, block.width + 2 * margin, block.height + 2 * margin},
                                               {0, 0, frame_.size.width, frame_.size.height});
  core::Image rgb(region.width, region.height, 3);
  std::vector<core::Rect> unreadable;
  reader_.read_readable(region, rgb.view(), &unreadable);
  if (!unreadable.empty()) ++blocks_unreadable_;

  crf::DenseCrfOptions crf = options_.crf;
  crf.origin_x = region.x;
  crf.origin_y = region.y;
  const auto labels = static_cast<int>(classes_) + 1;
  const std::vector<std::uint8_t> best =
      segmenter_.crf_labels(model::network::class_probabilities(class_values(region), static_cast<int>(classes_)), labels, rgb.view(), crf);
  for (std::int64_t y = block.y; y < block.bottom(); ++y) {
    std::uint8_t* const row = label_rows_[static_cast<std::size_t>(y - band_top_)].data();
    const std::uint8_t* from = best.data() + (y - region.y) * region.width + (block.x - region.x);
    for (std::int64_t x = block.x; x < block.right(); ++x, ++from) {
      if (row[x] == kOutside || row[x] == core::kUnreadable) continue;
      row[x] = *from < classes_ ? static_cast<std::uint8_t>(*from + 1) : core::kNotTissue;
    }
  }
}

/// [C, height, width] of `region`, as the canvas enlarges them.
std::vector<float> SlideCrf::class_values(const core::Rect& region) const {
  const auto cells = static_cast<std::size_t>(grid_.width);
  const auto pixels = static_cast<std::size_t>(region.width * region.height);
  std::vector<core::BetweenCells> columns;
  for (std::int64_t x = region.x; x < region.right(); ++x) columns.emplace_back(x, stride_, grid_.width);
  std::vector<float> values(classes_ * pixels);
  std::vector<float> line(cells);
  for (std::int64_t y = region.y; y < region.bottom(); ++y) {
    const core::BetweenCells rows(y, stride_, grid_.height);
    const std::vector<float>& above = grid_rows_[rows.before - static_cast<std::size_t>(first_grid_row_)];
    const std::vector<float>& below = grid_rows_[rows.after - static_cast<std::size_t>(first_grid_row_)];
    for (std::size_t c = 0; c < classes_; ++c) {
      for (std::size_t x = columns.front().before; x <= columns.back().after; ++x)
        line[x] = rows(above[c * cells + x], below[c * cells + x]);
      float* value = &values[c * pixels + static_cast<std::size_t>((y - region.y) * region.width)];
      for (const core::BetweenCells& column : columns) *value++ = column(line[column.before], line[column.after]);
    }
  }
  return values;
}

void SlideCrf::emit_band(std::int64_t bottom) {
  for (; next_grid_row_ < grid_.height; ++next_grid_row_) {
    const std::int64_t y = std::min(next_grid_row_ * stride_ + stride_ / 2, frame_.size.height - 1);
    if (y >= bottom) break;
    const std::vector<std::uint8_t>& row = label_rows_[static_cast<std::size_t>(y - band_top_)];
    std::vector<std::uint8_t> labels;
    for (std::int64_t x = 0; x < grid_.width; ++x) {
      const std::uint8_t label = row[static_cast<std::size_t>(std::min(x * stride_ + stride_ / 2, frame_.size.width - 1))];
      labels.push_back(label == kOutside ? core::kNotTissue : label);
    }
    next_.grid_row(grid_rows_[static_cast<std::size_t>(next_grid_row_ - first_grid_row_)], labels);
  }
  for (; band_top_ < bottom; ++band_top_) {
    std::vector<std::uint8_t>& row = label_rows_.front();
    std::vector<std::uint8_t> tissue(row.size());
    std::transform(row.begin(), row.end(), tissue.begin(), [](std::uint8_t label) { return label != kOutside ? 1 : 0; });
    std::replace(row.begin(), row.end(), kOutside, core::kNotTissue);
    next_.label_row(row, tissue);
    label_rows_.pop_front();
  }
  const core::BetweenCells highest(std::max<std::int64_t>(bottom - options_.margin, 0), stride_, grid_.height);
  while (first_grid_row_ < std::min(static_cast<std::int64_t>(highest.before), next_grid_row_)) {
    grid_rows_.pop_front();
    ++first_grid_row_;
  }
}

}  // namespace wsi_lpd::pipeline::segment
