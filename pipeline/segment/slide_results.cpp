#include "slide_results.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "pyramid_descriptions.hpp"
#include "result_outlines.hpp"
#include "wsi_lpd/image/image_file.hpp"
#include "wsi_lpd/output/overlay.hpp"
#include "wsi_lpd/output/slide_files.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/output/tissue_picture.hpp"
#include "wsi_lpd/slide/focus.hpp"
#include "wsi_lpd/slide/frame_reader.hpp"

namespace wsi_lpd::pipeline::segment {
namespace {

std::filesystem::path with_suffix(std::filesystem::path stem, const char* suffix) { return stem += suffix; }

int map_factor(const core::TilePlan& plan, int grid_stride, double map_mpp) {
  const double cell = plan.frame.mpp * grid_stride;
  return map_mpp > 0 && cell > 0 ? std::max(1, static_cast<int>(std::lround(map_mpp / cell))) : 1;
}

output::ResultLayout layout_of(const core::TilePlan& plan, const Segmenter::Shape& shape, int factor,
                               std::map<std::string, std::string> provenance) {
  output::ResultLayout layout;
  layout.frame = plan.frame;
  layout.classes = shape.classes;
  layout.prototypes_per_class = shape.prototypes_per_class;
  layout.feature_size = shape.feature_size;
  layout.features_of = shape.features_of;
  layout.tile = plan.tile;
  layout.overlap = plan.tile - plan.stride;
  layout.map_stride = shape.grid_stride * factor;
  layout.map = {core::divide_up(plan.frame.size.width, layout.map_stride), core::divide_up(plan.frame.size.height, layout.map_stride)};
  layout.provenance = std::move(provenance);
  return layout;
}

}  // namespace

SlideResults::SlideResults(const std::filesystem::path& slide, const std::filesystem::path& stem, const core::TilePlan& plan,
                           const Segmenter::Shape& shape, const SegmentOptions& options, const core::Image& thumbnail,
                           const core::Image& parts, std::map<std::string, std::string> provenance)
    : stem_(stem),
      plan_(plan),
      options_(options),
      overlay_source_(thumbnail),
      overlay_labels_(thumbnail.width(), thumbnail.height(), 1, core::kNotTissue),
      parts_(parts),
      map_factor_(map_factor(plan, shape.grid_stride, options.map_mpp)),
      grid_width_(core::divide_up(plan.frame.size.width, shape.grid_stride)),
      file_(with_suffix(stem_, ".h5"), layout_of(plan, shape, map_factor_, std::move(provenance))),
      raster_(with_suffix(stem_, options.ome ? output::kOmeLabels : output::kLabels), plan.frame.size, 1,
              label_pyramid_options(plan.frame, shape.classes, slide, options.ome)),
      figures_(plan.frame.size.width, plan.tile, shape.classes.count()) {
  const auto map_width = static_cast<std::size_t>(core::divide_up(grid_width_, map_factor_));
  map_sums_.resize(map_width * static_cast<std::size_t>(shape.classes.count()));
  map_labels_.resize(map_width);
  if (options.prototypes) gallery_.emplace(plan, shape.classes, shape.prototypes_per_class);
  if (options.probabilities) {
    const int cell = shape.grid_stride * map_factor_;
    probabilities_.emplace(with_suffix(stem_, output::kProbabilities),
                           core::Size{core::divide_up(plan.frame.size.width, cell), core::divide_up(plan.frame.size.height, cell)}, 1,
                           probability_pyramid_options(plan.frame, cell, shape.classes, slide));
  }
}

void SlideResults::grid_row(std::span<const float> values, std::span<const std::uint8_t> labels) {
  const std::size_t width = labels.size();
  const std::size_t classes = values.size() / width;
  const std::size_t map_width = map_labels_.size();
  for (std::size_t c = 0; c < classes; ++c) {
    const float* value = values.data() + c * width;
    for (std::size_t x = 0, cell = 0; x < width; ++cell) {
      for (const std::size_t end = std::min(x + static_cast<std::size_t>(map_factor_), width); x < end; ++x)
        map_sums_[c * map_width + cell] += value[x];
    }
  }
  if (map_rows_summed_ == map_factor_ / 2 || map_rows_summed_ == 0) {  // the middle cell of a map cell gives its label
    for (std::size_t x = 0; x < map_width; ++x) {
      map_labels_[x] = labels[std::min(x * static_cast<std::size_t>(map_factor_) + static_cast<std::size_t>(map_factor_) / 2, width - 1)];
    }
  }
  ++grid_rows_seen_;
  if (++map_rows_summed_ == map_factor_) emit_map_row();
}

void SlideResults::emit_map_row() {
  const std::size_t map_width = map_labels_.size();
  std::vector<std::uint8_t> probabilities(map_sums_.size());
  for (std::size_t i = 0; i < map_sums_.size(); ++i) {
    if (map_sums_[i] == 0) continue;
    const std::int64_t left = static_cast<std::int64_t>(i % map_width) * map_factor_;
    const std::int64_t cells = std::min<std::int64_t>(map_factor_, grid_width_ - left) * map_rows_summed_;
    probabilities[i] = static_cast<std::uint8_t>(std::clamp(std::lround(255 * map_sums_[i] / static_cast<float>(cells)), 0L, 255L));
  }
  file_.add_map_rows(1, map_labels_, probabilities);
  if (probabilities_) probabilities_->add_rows(probabilities.data(), 1);
  std::fill(map_sums_.begin(), map_sums_.end(), 0.0F);
  map_rows_summed_ = 0;
}

void SlideResults::label_row(std::span<const std::uint8_t> labels, std::span<const std::uint8_t> tissue) {
  raster_.add_rows(labels.data(), 1);
  figures_.add_row(labels);
  tissue_pixels_ += std::count(tissue.begin(), tissue.end(), 1);
  if (std::memchr(labels.data(), core::kUnreadable, labels.size()))  // rare
    unreadable_pixels_ += std::count(labels.begin(), labels.end(), core::kUnreadable);
  // The pictures take the pixels nearest to their own centres.
  const double rows_per_pixel = static_cast<double>(plan_.frame.size.height) / static_cast<double>(overlay_labels_.height());
  const double columns_per_pixel = static_cast<double>(labels.size()) / static_cast<double>(overlay_labels_.width());
  const auto first = static_cast<std::int64_t>(std::ceil(static_cast<double>(label_rows_seen_) / rows_per_pixel - 0.5));
  const auto end = static_cast<std::int64_t>(std::ceil(static_cast<double>(label_rows_seen_ + 1) / rows_per_pixel - 0.5));
  for (std::int64_t y = std::max<std::int64_t>(first, 0); y < std::min(end, overlay_labels_.height()); ++y) {
    for (std::int64_t x = 0; x < overlay_labels_.width(); ++x) {
      const std::size_t nearest = std::min(static_cast<std::size_t>((static_cast<double>(x) + 0.5) * columns_per_pixel), labels.size() - 1);
      *overlay_labels_.at(x, y) = labels[nearest];
      std::uint8_t* part = parts_.at(x, y);
      if (*part == static_cast<std::uint8_t>(core::Part::Tissue) && !tissue[nearest]) *part = static_cast<std::uint8_t>(core::Part::Glass);
    }
  }
  ++label_rows_seen_;
}

void SlideResults::add_tile(const SeenTile& seen, double glass) {
  const output::TileMeasures measures{
      .focus = seen.focus, .feature_distance = seen.feature_distance, .stain_distance = seen.stain_distance};
  file_.add_tile(std::llround(plan_.frame.level0_x_from_output(static_cast<double>(seen.tile.x))),
                 std::llround(plan_.frame.level0_y_from_output(static_cast<double>(seen.tile.y))), seen.features, seen.scores,
                 seen.prototypes, seen.readable ? output::TileStatus::Read : output::TileStatus::Unreadable, measures);
  focus_.push_back(measures.focus);
  fit_.features.add(measures.feature_distance);
  fit_.stain.add(measures.stain_distance);
  if (gallery_ && seen.readable) gallery_->add(seen.tile, seen.prototypes, glass);
}

void SlideResults::describe(output::SlideStatistics& statistics) {
  statistics.tissue_pixels = tissue_pixels_;
  statistics.unreadable_pixels = unreadable_pixels_;
  std::int64_t labelled = 0;
  figures_.describe(statistics);
  for (const output::ClassStatistics& figures : statistics.per_class) labelled += figures.pixels;
  statistics.unlabelled_pixels = tissue_pixels_ - labelled - unreadable_pixels_;
  const slide::FocusSummary focus = slide::summarise_focus(std::move(focus_));
  statistics.focus_median = focus.median;
  statistics.out_of_focus = focus.out_of_focus;
  statistics.fit = fit_;
}

void SlideResults::finish(const slide::FrameReader& reader, const output::SlideStatistics& statistics) {
  if (map_rows_summed_ > 0) emit_map_row();
  file_.finish();
  raster_.finish();
  if (probabilities_) probabilities_->finish();
  if (options_.geojson)
    write_outlines(output::label_pyramid(stem_), with_suffix(stem_, ".geojson"), plan_.frame, statistics.classes, options_);
  const double thumbnail_mpp =
      statistics.frame.slide_mpp * static_cast<double>(plan_.frame.bounds.width) / static_cast<double>(overlay_source_.width());
  image::write_jpeg(with_suffix(stem_, ".overlay.jpg"), output::draw_overlay(overlay_source_, overlay_labels_, statistics, thumbnail_mpp));
  if (gallery_) image::write_jpeg(with_suffix(stem_, ".prototypes.jpg"), gallery_->draw(reader));
  image::write_jpeg(with_suffix(stem_, ".tissue.jpg"), output::draw_tissue(overlay_source_, parts_, plan_, thumbnail_mpp));
}

}  // namespace wsi_lpd::pipeline::segment
