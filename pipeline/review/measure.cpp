#include "wsi_lpd/pipeline/review/measure.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file_names.hpp"
#include "wsi_lpd/core/polygon_fill.hpp"
#include "wsi_lpd/image/label_reader.hpp"
#include "wsi_lpd/output/raster_figures.hpp"
#include "wsi_lpd/output/slide_files.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;

constexpr int kSquareSide = 224;  ///< output pixels, where the statistics are of a version that did not say

/// The output pixels whose centres may lie in a region.
core::Rect box_of(const slide::Annotation& region, const core::Frame& frame) {
  double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
  for (const core::Polygon& polygon : region.polygons) {
    for (const core::Ring& ring : polygon) {
      for (const core::Point& point : ring) {
        left = std::min(left, point.x / frame.scale);
        right = std::max(right, point.x / frame.scale);
        top = std::min(top, point.y / frame.scale);
        bottom = std::max(bottom, point.y / frame.scale);
      }
    }
  }
  const auto inside = [](double value, std::int64_t end) {
    return static_cast<std::int64_t>(std::clamp(value, 0.0, static_cast<double>(end)));
  };
  const std::int64_t x = inside(std::floor(left), frame.size.width), y = inside(std::floor(top), frame.size.height);
  return {x, y, inside(std::ceil(right), frame.size.width) - x, inside(std::ceil(bottom), frame.size.height) - y};
}

/// One region while the rows of the slide stream by.
class Measuring {
 public:
  Measuring(const slide::Annotation& region, const output::SlideStatistics& slide)
      : box_(box_of(region, slide.frame)),
        scale_(slide.frame.scale),
        figures_(std::max<std::int64_t>(box_.width, 1), slide.square_side > 0 ? slide.square_side : kSquareSide, slide.classes.count()),
        inside_(static_cast<std::size_t>(box_.width)),
        labels_(static_cast<std::size_t>(box_.width)) {
    for (const core::Polygon& polygon : region.polygons) fill_.add(polygon, 1);
    result_.number = region.number;
    result_.id = region.id;
    result_.name = region.name;
    result_.class_name = region.class_name;
    result_.figures.frame = slide.frame;
    result_.figures.classes = slide.classes;
  }

  const core::Rect& box() const { return box_; }

  /// Row `y` of the slide, which must be one of the box. Pixels where `ignored` is not 0 belong to no region.
  void add_row(std::int64_t y, const std::uint8_t* labels, const std::uint8_t* ignored) {
    std::fill(inside_.begin(), inside_.end(), std::uint8_t{0});
    const auto centre = [&](std::int64_t pixel) { return (static_cast<double>(pixel) + 0.5) * scale_; };
    fill_.paint_row(centre(y), centre(box_.x), scale_, inside_);
    for (std::size_t x = 0; x < inside_.size(); ++x) {
      const std::int64_t place = box_.x + static_cast<std::int64_t>(x);
      const bool counts = inside_[x] && !ignored[place];
      const std::uint8_t label = counts ? labels[place] : core::kNotTissue;
      labels_[x] = label;
      result_.pixels += counts;
      result_.figures.tissue_pixels += label != core::kNotTissue;
      result_.figures.unreadable_pixels += label == core::kUnreadable;
    }
    figures_.add_row(labels_);
  }

  output::RegionStatistics finish() {
    figures_.describe(result_.figures);
    return std::move(result_);
  }

 private:
  core::Rect box_;
  double scale_;
  core::PolygonFill fill_;
  output::RasterFigures figures_;
  std::vector<std::uint8_t> inside_, labels_;  // [box's width]
  output::RegionStatistics result_;
};

/// The annotations of a result: below `folder` as the result is below its own. Nothing where there are none.
std::optional<fs::path> annotations_of(const fs::path& stem, const fs::path& results, const fs::path& folder) {
  for (const char* ending : {".geojson", ".json"}) {
    fs::path file = folder / stem.lexically_relative(results);
    if (fs::is_regular_file(file += ending)) return file;
  }
  return {};
}

/// Leaves the result that one file of annotations is for.
void keep_one(output::ResultFolder& folder, const fs::path& annotations) {
  const auto is_of_name = [&](const output::CompleteResult& result) { return result.stem.filename() == annotations.stem(); };
  const auto count = folder.complete.size(), named = static_cast<std::size_t>(std::ranges::count_if(folder.complete, is_of_name));
  if (named == 1) std::erase_if(folder.complete, std::not_fn(is_of_name));
  if (folder.complete.size() > 1)
    throw core::UsageError(annotations.string() + ": is one file, and of the " + std::to_string(count) + " slides in " +
                           folder.path.string() + " " + std::to_string(named) + " are named " + annotations.stem().string() +
                           ": give a folder with NAME.geojson for each slide");
}

std::set<fs::path> region_files_in(const fs::path& folder) {
  std::set<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (core::lower_ending(entry.path()) == ".geojson") files.insert(entry.path());
  return files;
}

/// Measures one slide of a folder, or notes why it failed.
void add_slide(MeasuredFolder& measured, const output::CompleteResult& result, const fs::path& file, const core::Work& work) {
  const std::string& slide = result.statistics.slide;
  try {
    const slide::Annotations annotations = slide::read_annotations(file);
    for (const std::string& warning : annotations.warnings) work.observer.warn(warning);
    const auto regions = measure_regions(result, annotations, work);
    measured.table += output::region_table_lines(slide, regions);
    ++measured.slides;
    measured.regions += regions.size();
    measured.ignored += annotations.ignored.size();
    for (const output::RegionStatistics& region : regions)
      if (region.pixels == 0) measured.empty.push_back(slide + " region " + std::to_string(region.number));
  } catch (const core::Cancelled&) {
    throw;
  } catch (const core::Error& error) {
    measured.failures[slide] = error.what();
  }
}

}  // namespace

std::vector<output::RegionStatistics> measure_regions(const output::CompleteResult& result, const slide::Annotations& annotations,
                                                      const core::Work& work) {
  const output::SlideStatistics& slide = result.statistics;
  const auto reader = image::LabelReader::open(output::label_pyramid(result.stem));
  if (reader->size() != slide.frame.size)
    throw core::Error(output::label_pyramid(result.stem).string() +
                      ": is not of the size that its statistics say: segment the slide again");
  std::vector<std::unique_ptr<Measuring>> all;
  std::vector<Measuring*> waiting, active;  // `waiting` from the bottom to the top
  std::int64_t end = 0;
  for (const slide::Annotation& region : annotations.regions) {
    all.push_back(std::make_unique<Measuring>(region, slide));
    if (all.back()->box().empty()) continue;
    waiting.push_back(all.back().get());
    end = std::max(end, all.back()->box().bottom());
  }
  std::ranges::stable_sort(waiting, std::greater(), [](const Measuring* each) { return each->box().y; });
  core::PolygonFill ignored;
  for (const core::Polygon& polygon : annotations.ignored) ignored.add(polygon, 1);
  const double scale = slide.frame.scale;
  std::vector<std::uint8_t> row(static_cast<std::size_t>(slide.frame.size.width)), left_out(row.size());
  for (std::int64_t y = 0; y < end; ++y) {
    core::check(work.cancel);
    reader->next_row(row.data());
    std::ranges::fill(left_out, std::uint8_t{0});
    ignored.paint_row((static_cast<double>(y) + 0.5) * scale, 0.5 * scale, scale, left_out);
    for (; !waiting.empty() && waiting.back()->box().y <= y; waiting.pop_back()) active.push_back(waiting.back());
    std::erase_if(active, [&](const Measuring* each) { return each->box().bottom() <= y; });
    for (Measuring* each : active) each->add_row(y, row.data(), left_out.data());
  }
  std::vector<output::RegionStatistics> measured;
  measured.reserve(all.size());
  for (const auto& each : all) measured.push_back(each->finish());
  return measured;
}

MeasuredFolder measure_folder(const fs::path& results, const fs::path& annotations, const core::Work& work) {
  output::ResultFolder folder = output::read_results(results);
  if (folder.complete.empty()) throw core::UsageError(results.string() + ": holds no complete result; `wsi-lpd status` says what is there");
  const bool is_folder = fs::is_directory(annotations);
  if (!is_folder && !fs::is_regular_file(annotations)) throw core::UsageError(annotations.string() + ": no such file or folder");
  if (is_folder && fs::equivalent(results, annotations))
    throw core::UsageError(annotations.string() +
                           ": is the folder of the results, whose .geojson files segment wrote: keep yours in another");
  MeasuredFolder measured;
  measured.name = folder.path / "regions.csv";
  measured.table = output::region_table_header();
  if (!is_folder) {
    keep_one(folder, annotations);
    measured.name = fs::path(folder.complete[0].stem) += ".regions.csv";
  }
  std::set<fs::path> unused = is_folder ? region_files_in(annotations) : std::set<fs::path>();
  work.observer.begin("measuring regions", static_cast<std::int64_t>(folder.complete.size()), "slides");
  for (const output::CompleteResult& result : folder.complete) {
    core::check(work.cancel);
    const std::string& slide = result.statistics.slide;
    const auto file = is_folder ? annotations_of(result.stem, folder.path, annotations) : std::optional(annotations);
    if (!file) {
      measured.without.push_back(slide);
    } else {
      unused.erase(*file);
      add_slide(measured, result, *file, work);
    }
    work.observer.advance(static_cast<std::int64_t>(measured.slides + measured.without.size() + measured.failures.size()));
  }
  work.observer.end();
  for (const fs::path& file : unused) measured.unused.push_back(file.string());
  return measured;
}

}  // namespace wsi_lpd::pipeline::review
