#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/output/region_table.hpp"
#include "wsi_lpd/output/result_folder.hpp"
#include "wsi_lpd/slide/annotations.hpp"

namespace wsi_lpd::pipeline::review {

/// Measures regions of a slide in its label pyramid, at the result's resolution. Each region is measured for itself, whatever lies over it,
/// but for the ignored ones, which are cut out of all. A pixel is in a region where its centre is (even-odd rule). What reaches beyond the
/// slide is not measured; a region that lies beyond it altogether has no pixels. Memory: the points of all polygons, and a row for each
/// region that the current row of the slide crosses. Thread-safe. Throws Error: the label pyramid can't be read, or is not that of the
/// statistics; Cancelled.
std::vector<output::RegionStatistics> measure_regions(const output::CompleteResult& result, const slide::Annotations& annotations,
                                                      const core::Work& work);

/// What became of the slides of a folder.
struct MeasuredFolder {
  std::filesystem::path name;                   ///< for the table: regions.csv below the results, or NAME.regions.csv of one slide
  std::string table;                            ///< region_table_header() and the lines of all slides, in the order of the results
  std::size_t slides = 0, regions = 0;          ///< measured
  std::size_t ignored = 0;                      ///< polygons that were cut out of all regions
  std::vector<std::string> empty;               ///< "SLIDE region 7": regions without a pixel
  std::map<std::string, std::string> failures;  ///< slide to reason
  std::vector<std::string> without;             ///< slides without annotations
  std::vector<std::string> unused;              ///< files of annotations that belong to no slide
};

/// Measures the regions of all complete results of a folder. `annotations` is a folder with NAME.geojson or NAME.json for the results
/// NAME.*, in the same folders below it; or one file, for the result of its name or the only one. The failure of one slide stops no other.
/// Thread-safe. Throws UsageError: no such folder or file, no complete result, one file that could belong to several, the results' own
/// folder as that of the annotations; Cancelled.
MeasuredFolder measure_folder(const std::filesystem::path& results, const std::filesystem::path& annotations, const core::Work& work);

}  // namespace wsi_lpd::pipeline::review
