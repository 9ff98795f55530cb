#include "wsi_lpd/pipeline/review/measure.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "bands.hpp"
#include "hot_spots.hpp"
#include "region_rows.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/output/raster_figures.hpp"
#include "wsi_lpd/output/slide_files.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

constexpr int kSquareSide = 224;  ///< output pixels, where the statistics are of a version that did not say

/// One region while the rows of the slide stream by.
class Measuring {
 public:
  Measuring(const slide::Annotation& region, const core::Rect& box, const output::SlideStatistics& slide,
            const std::optional<GridOnSlide>& grid)
      : figures_(std::max<std::int64_t>(box.width, 1), slide.square_side > 0 ? slide.square_side : kSquareSide, slide.classes.count()),
        labels_(static_cast<std::size_t>(box.width)) {
    if (grid) squares_.emplace(*grid, box.x, box.width, slide.classes.count());
    result_.number = region.number;
    result_.id = region.id;
    result_.name = region.name;
    result_.class_name = region.class_name;
    result_.figures.frame = slide.frame;
    result_.figures.classes = slide.classes;
  }

  /// Row `y` of the slide in the columns of the box; kLeftOut where a pixel is not in the region.
  void add_row(std::int64_t y, std::span<const std::uint8_t> labels) {
    std::ranges::fill(labels_, core::kNotTissue);
    visit_runs(labels, [&](std::uint8_t label, std::size_t begin, std::size_t end) {
      std::fill(labels_.begin() + static_cast<std::ptrdiff_t>(begin), labels_.begin() + static_cast<std::ptrdiff_t>(end), label);
      const auto pixels = static_cast<std::int64_t>(end - begin);
      result_.pixels += pixels;
      if (label != core::kNotTissue) result_.figures.tissue_pixels += pixels;
      if (label == core::kUnreadable) result_.figures.unreadable_pixels += pixels;
    });
    figures_.add_row(labels_);
    if (squares_) squares_->add_row(y, labels);
  }

  output::RegionStatistics finish() {
    figures_.describe(result_.figures);
    if (squares_) squares_->finish(result_);
    return std::move(result_);
  }

 private:
  output::RasterFigures figures_;
  std::optional<SquaresInRegion> squares_;
  std::vector<std::uint8_t> labels_;  // [box's width]
  output::RegionStatistics result_;
};

}  // namespace

slide::Annotations whole_slide(const core::Frame& frame) {
  const double width = static_cast<double>(frame.size.width) * frame.scale, height = static_cast<double>(frame.size.height) * frame.scale;
  return {{{0, "", "whole slide", "", {{{{0, 0}, {width, 0}, {width, height}, {0, height}}}}}}, {}};
}

std::vector<output::RegionStatistics> measure_regions(const output::CompleteResult& result, const slide::Annotations& annotations,
                                                      const MeasureOptions& options, const core::Work& work) {
  const output::SlideStatistics& slide = result.statistics;
  for (const std::string& name : classes_in(options)) {
    if (std::ranges::find(slide.classes.names, name) == slide.classes.names.end())
      throw core::Error("has no class " + name + "; it has " + core::joined(slide.classes.names));
  }
  const auto reader = image::LabelReader::open(output::label_pyramid(result.stem));
  if (reader->size() != slide.frame.size)
    throw core::Error(output::label_pyramid(result.stem).string() +
                      ": is not of the size that its statistics say: segment the slide again");
  const auto grid = options.grid ? std::optional(GridOnSlide(*options.grid, slide)) : std::nullopt;
  BandsMeasuring bands(annotations.regions, slide, options);
  RegionRows rows(annotations.regions, slide.frame);
  std::vector<std::unique_ptr<Measuring>> all;
  for (std::size_t i = 0; i < annotations.regions.size(); ++i)
    all.push_back(std::make_unique<Measuring>(annotations.regions[i], rows.box(i), slide, grid));
  core::PolygonFill ignored;
  for (const core::Polygon& polygon : annotations.ignored) ignored.add(polygon, kLeftOut);
  const double scale = slide.frame.scale;
  std::vector<std::uint8_t> labels(static_cast<std::size_t>(slide.frame.size.width));
  const std::int64_t end = bands.empty() ? rows.end() : slide.frame.size.height;
  for (std::int64_t y = 0; y < end; ++y) {
    core::check(work.cancel);
    reader->next_row(labels.data());
    ignored.paint_row((static_cast<double>(y) + 0.5) * scale, 0.5 * scale, scale, labels);
    rows.visit(y, labels, [&](std::size_t region, std::span<const std::uint8_t> row) { all[region]->add_row(y, row); });
    bands.add_row(labels);
  }
  std::vector<output::RegionStatistics> measured;
  measured.reserve(all.size());
  for (const auto& each : all) measured.push_back(each->finish());
  bands.finish(measured);
  return measured;
}

}  // namespace wsi_lpd::pipeline::review
