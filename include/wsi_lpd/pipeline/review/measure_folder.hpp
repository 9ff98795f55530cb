#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/pipeline/review/measure_options.hpp"

namespace wsi_lpd::pipeline::review {

/// What became of the slides of a folder.
struct MeasuredFolder {
  std::filesystem::path name;           ///< for the table: regions.csv below the results, or NAME.regions.csv of one slide
  std::string table;                    ///< region_table_header() and the lines of all slides, in the order of the results
  std::size_t slides = 0, regions = 0;  ///< measured
  std::size_t ignored = 0;              ///< polygons that were cut out of all regions
  /// Files of annotations, and the place beside the results where a copy of each belongs once the table has its name.
  std::vector<std::pair<std::filesystem::path, std::filesystem::path>> outlines;
  std::vector<std::string> empty;               ///< "SLIDE region 7": regions without a pixel
  std::map<std::string, std::string> failures;  ///< slide to reason
  std::vector<std::string> incomplete;          ///< slides of the folder that are in work, unfinished, or failed and have no result
  std::vector<std::string> without;             ///< slides without annotations
  std::vector<std::string> unused;              ///< files of annotations that belong to no slide
  std::vector<std::string> unmet;               ///< classes of MeasureOptions::region_bands that no measured region has
};

/// Measures the regions of all complete results of a folder, and in them what `options` ask for. `results` may also be one of them: NAME of
/// NAME.*, NAME.tif or NAME.json. `annotations` is a folder with NAME.geojson or NAME.json for the results NAME.*, in the same folders
/// below it (for one result, directly in it); or one file, for the result of its name or the only one; or empty: each slide is one region,
/// whole_slide(). The failure of one slide stops no other: annotations that all lie outside of it are one. Warns of annotations that seem
/// to be of another slide, or in um. Thread-safe. Throws UsageError: no such result, folder or file, no complete result, one file that
/// could belong to several, the results' own folder as that of the annotations, a class that none of the results has; Cancelled.
MeasuredFolder measure_folder(const std::filesystem::path& results, const std::filesystem::path& annotations, const MeasureOptions& options,
                              const core::Work& work);

}  // namespace wsi_lpd::pipeline::review
