#include "report_regions.hpp"

#include <algorithm>
#include <map>

#include "wsi_lpd/core/error.hpp"
#include "wsi_lpd/core/text.hpp"
#include "wsi_lpd/core/utf8.hpp"
#include "wsi_lpd/output/region_outlines.hpp"
#include "wsi_lpd/output/slide_files.hpp"
#include "wsi_lpd/slide/annotations.hpp"

namespace wsi_lpd::pipeline::review {
namespace {

namespace fs = std::filesystem;

using Slides = std::map<std::string, std::vector<output::MeasuredRegion>>;

constexpr double kFineness = 0.5;  ///< of a pixel of the finest tiles: the view shows these enlarged, too

Slides read_table(const fs::path& table, core::ProgressObserver& observer) {
  if (!fs::exists(table)) return {};
  try {
    return output::read_region_table(table);
  } catch (const core::Error& error) {
    observer.warn(error.what());
    return {};
  }
}

/// Is `a` there, and was it written after `b`, or `b` is not there?
bool is_newer(const fs::path& a, const fs::path& b) {
  return fs::exists(a) && (!fs::exists(b) || fs::last_write_time(a) > fs::last_write_time(b));
}

std::string key_of(const std::size_t number, const std::string& name, const std::string& class_name) {
  return std::to_string(number) + "\n" + core::utf8_of_bytes(name) + "\n" + core::utf8_of_bytes(class_name);
}

std::string count_of_regions(std::size_t count) { return core::count_of(count, "region is", "regions are"); }

}  // namespace

std::vector<std::optional<output::ReportRegions>> measured_regions(const output::ResultFolder& results, core::ProgressObserver& observer) {
  const fs::path common = results.path / output::kRegionTable;
  const Slides of_all = read_table(common, observer);
  std::map<std::string, int> count;
  for (const output::CompleteResult& result : results.complete) ++count[result.statistics.slide];
  std::vector<std::optional<output::ReportRegions>> measured;
  for (const output::CompleteResult& result : results.complete) {
    std::optional<output::ReportRegions>& regions = measured.emplace_back();
    const fs::path own = output::region_table_of(result.stem);
    const bool is_own = is_newer(own, common);
    const Slides of_one = is_own ? read_table(own, observer) : Slides();
    const Slides& slides = is_own ? of_one : of_all;
    const auto found = slides.find(core::utf8_of_bytes(result.statistics.slide));
    if (found == slides.end()) continue;
    if (count[result.statistics.slide] > 1) {
      observer.warn(result.statistics.slide + ": has several results here, and a table of regions does not say which it is of");
      continue;
    }
    regions = output::ReportRegions{is_own ? own : common, found->second};
    if (is_newer(fs::path(result.stem) += ".json", regions->table))
      regions->notes.push_back("The table is older than the result: if the slide was segmented again since, measure it again");
  }
  return measured;
}

void draw_regions(output::ReportRegions& regions, const output::CompleteResult& result, double pixel, const fs::path& file) {
  const fs::path outlines = fs::path(result.stem) += output::kOutlines;
  std::map<std::string, slide::Annotation> drawn;
  const auto is_annotation = [](const output::MeasuredRegion& region) { return region.number > 0; };
  if (std::ranges::any_of(regions.regions, is_annotation)) {
    try {
      if (!fs::exists(outlines)) throw core::Error(outlines.filename().string() + " is not there; wsi-lpd measure --annotations writes it");
      for (slide::Annotation& each : slide::read_annotations(outlines).regions)
        drawn.emplace(key_of(each.number, each.name, each.class_name), std::move(each));
    } catch (const core::Error& error) {
      regions.notes.push_back(std::string("The regions are not drawn: ") + error.what());
    }
  }
  std::vector<output::OutlinedRegion> all;
  std::size_t unknown = 0, spots = 0;
  for (const output::MeasuredRegion& region : regions.regions) {
    const auto found = drawn.find(key_of(region.number, region.name, region.class_name));
    all.push_back({&region, found == drawn.end() ? nullptr : &found->second.polygons});
    unknown += found == drawn.end() && is_annotation(region) ? 1 : 0;
    spots += region.hot_spot ? 1 : 0;
  }
  if (!drawn.empty() && unknown > 0)
    regions.notes.push_back(count_of_regions(unknown) + " not drawn: " + outlines.filename().string() +
                            " has none of the same number, name and class");
  if (drawn.empty() && spots == 0) return;
  const std::size_t left = output::write_region_outlines(file, all, result.statistics.classes, kFineness * pixel);
  if (left > 0)
    regions.notes.push_back(count_of_regions(left) + " not drawn, the smallest: all together have more than " +
                            std::to_string(output::kMostOutlinePoints) + " corners");
  regions.has_outlines = true;
}

}  // namespace wsi_lpd::pipeline::review
