#include "wsi_lpd/pipeline/review/measure_folder.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <utility>

#include "annotation_place.hpp"
#include "left_slides.hpp"
#include "result_raster.hpp"
#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/file_names.hpp"
#include "wsi_lpd/core/suggestion.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/output/region_table.hpp"
#include "wsi_lpd/output/result_folder.hpp"
#include "wsi_lpd/output/statistics_file.hpp"
#include "wsi_lpd/pipeline/review/measure.hpp"
#include "wsi_lpd/slide/annotations.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;

/// The files of annotations that a result has: below `folder` as the result is below its own.
std::vector<fs::path> annotations_of(const fs::path& stem, const fs::path& results, const fs::path& folder) {
  std::vector<fs::path> files;
  for (const char* ending : {".geojson", ".json"}) {
    fs::path file = folder / stem.lexically_relative(results);
    if (fs::is_regular_file(file += ending)) files.push_back(file);
  }
  return files;
}

/// Leaves the result that one file of annotations is for.
void keep_one(output::ResultFolder& folder, const fs::path& annotations) {
  const auto is_of_name = [&](const output::CompleteResult& result) { return result.stem.filename() == annotations.stem(); };
  const auto count = folder.complete.size(), named = static_cast<std::size_t>(std::ranges::count_if(folder.complete, is_of_name));
  if (named == 1) std::erase_if(folder.complete, std::not_fn(is_of_name));
  if (folder.complete.size() > 1)
    throw core::UsageError(annotations.string() + ": is one file, and of the " + std::to_string(count) + " slides in " +
                           folder.path.string() + " " + (named == 0 ? "none is" : std::to_string(named) + " are") + " named " +
                           annotations.stem().string() + ": give a folder with NAME.geojson for each slide, or name the result of one");
}

std::set<fs::path> region_files_in(const fs::path& folder) {
  std::set<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (core::lower_ending(entry.path()) == ".geojson") files.insert(entry.path());
  return files;
}

/// The results of a folder, or one of them by its name or that of a file of it.
output::ResultFolder results_at(const fs::path& results) {
  if (fs::is_directory(results)) {
    output::ResultFolder folder = output::read_results(results);
    if (folder.complete.empty())
      throw core::UsageError(results.string() + ": holds no complete result; `wsi-lpd status` says what is there");
    return folder;
  }
  const fs::path stem = stem_of_result(results);
  output::ResultFolder one;
  one.path = stem.has_parent_path() ? stem.parent_path() : fs::path(".");
  one.complete.push_back({stem, output::read_statistics(fs::path(stem) += ".json").value_or(output::SlideStatistics{})});
  return one;
}

/// Throws UsageError for a class that none of the results has: no slide could be measured.
void check_classes(const output::ResultFolder& folder, const MeasureOptions& options) {
  for (const std::string& name : classes_in(options)) {
    const auto has = [&](const output::CompleteResult& result) {
      return std::ranges::find(result.statistics.classes.names, name) != result.statistics.classes.names.end();
    };
    if (std::ranges::none_of(folder.complete, has))
      throw core::UsageError("no result in " + folder.path.string() + " has a class " + name + "; the classes of " +
                             folder.complete[0].statistics.slide + " are " + core::joined(folder.complete[0].statistics.classes.names) +
                             core::did_you_mean(name, folder.complete[0].statistics.classes.names));
  }
}

double share_of_tissue(const std::vector<output::RegionStatistics>& regions) {
  std::int64_t tissue = 0, all = 0;
  for (const output::RegionStatistics& region : regions) tissue += region.figures.tissue_pixels, all += region.pixels;
  return all > 0 ? static_cast<double>(tissue) / static_cast<double>(all) : 0;
}

/// Warns where much more of the regions of `file` is tissue than the share `as_pixels` if their corners are taken as um.
void warn_of_um(const fs::path& file, const slide::Annotations& annotations, double as_pixels, const output::CompleteResult& result,
                const core::Work& work) {
  constexpr double kMuch = 0.3;
  if (as_pixels + kMuch > 1) return;
  const auto in_um = annotations_in_um(annotations, result.statistics.frame);
  if (!in_um) return;
  const double as_um = share_of_tissue(measure_regions(result, *in_um, {}, work));
  if (as_um < as_pixels + kMuch) return;
  const auto percent = [](double share) { return std::to_string(std::lround(100 * share)) + " %"; };
  work.observer.warn(file.string() + ": " + percent(as_pixels) + " of its regions is tissue, and " + percent(as_um) +
                     " would be if their corners were in um: is it so? level-0 pixels are wanted");
}

/// Measures one slide of a folder, or notes why it failed. `files` has the one with its regions; empty for the whole slide.
void add_slide(MeasuredFolder& measured, const output::CompleteResult& result, const std::vector<fs::path>& files,
               const MeasureOptions& options, const core::Work& work) {
  const std::string& slide = result.statistics.slide;
  try {
    if (files.size() > 1)
      throw core::Error("two files have its annotations, " + files[0].string() + " and " + files[1].string() + "; move one of them away");
    const slide::Annotations annotations = files.empty() ? whole_slide(result.statistics.frame) : slide::read_annotations(files[0]);
    for (const std::string& warning : annotations.warnings) work.observer.warn(warning);
    if (!files.empty())
      for (const std::string& line : check_place(annotations, result.statistics.frame, files[0])) work.observer.warn(line);
    const auto regions = measure_regions(result, annotations, options, work);
    if (!files.empty()) warn_of_um(files[0], annotations, share_of_tissue(regions), result, work);
    measured.table += output::region_table_lines(slide, regions);
    ++measured.slides;
    measured.regions += regions.size();
    measured.ignored += annotations.ignored.size();
    if (!files.empty()) measured.outlines.emplace_back(files[0], fs::path(result.stem) += output::kOutlines);
    for (const output::RegionStatistics& region : regions) {
      if (region.pixels == 0) measured.empty.push_back(slide + " region " + std::to_string(region.number));
      std::erase(measured.unmet, region.class_name);
    }
  } catch (const core::Cancelled&) {
    throw;
  } catch (const core::Error& error) {
    measured.failures[slide] = error.what();
  }
}

}  // namespace

MeasuredFolder measure_folder(const fs::path& results, const fs::path& annotations, const MeasureOptions& options, const core::Work& work) {
  output::ResultFolder folder = results_at(results);
  const bool is_one = !fs::is_directory(results);
  const bool is_folder = fs::is_directory(annotations), is_file = !is_folder && !annotations.empty();
  if (is_file && !fs::is_regular_file(annotations)) throw core::UsageError(annotations.string() + ": no such file or folder");
  if (is_folder && fs::equivalent(folder.path, annotations))
    throw core::UsageError(annotations.string() +
                           ": is the folder of the results, whose .geojson files segment wrote: keep yours in another");
  check_classes(folder, options);
  MeasuredFolder measured;
  measured.name = folder.path / output::kRegionTable;
  measured.table = output::region_table_header();
  for (const Bands& bands : options.region_bands)
    if (!bands.of.empty()) measured.unmet.push_back(bands.of);
  if (is_file && !is_one) keep_one(folder, annotations);
  if (is_file && annotations.stem() != folder.complete[0].stem.filename())
    work.observer.warn(annotations.string() + ": is not named for " + folder.complete[0].stem.string() +
                       ", and is taken for the annotations of this slide all the same");
  if (is_file || is_one) measured.name = output::region_table_of(folder.complete[0].stem);
  std::set<fs::path> unused = is_folder && !is_one ? region_files_in(annotations) : std::set<fs::path>();
  work.observer.begin("measuring regions", static_cast<std::int64_t>(folder.complete.size()), "slides");
  for (const output::CompleteResult& result : folder.complete) {
    core::check(work.cancel);
    std::vector<fs::path> files;
    if (is_folder) files = annotations_of(result.stem, folder.path, annotations);
    if (is_file) files = {annotations};
    if (is_folder && files.empty()) {
      measured.without.push_back(result.statistics.slide);
    } else {
      for (const fs::path& file : files) unused.erase(file);
      add_slide(measured, result, files, options, work);
    }
    work.observer.advance(static_cast<std::int64_t>(measured.slides + measured.without.size() + measured.failures.size()));
  }
  work.observer.end();
  for (const fs::path& file : unused) measured.unused.push_back(file.string());
  if (!is_file && !is_one) {
    measured.incomplete = incomplete_slides(folder);
    measured.failures.merge(damaged_results(folder));
  }
  if (!measured.failures.empty()) measured.unmet.clear();  // what could not be measured may have them
  return measured;
}

}  // namespace wsi_lpd::pipeline::review
