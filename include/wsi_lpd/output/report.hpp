#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "wsi_lpd/output/region_table.hpp"
#include "wsi_lpd/output/result_folder.hpp"
#include "wsi_lpd/output/uncertain_page.hpp"

namespace wsi_lpd::output {

// A report is a folder of static files (docs/report.md): index.html, slides/ID.html, pictures/ID.jpg, thumbnails/ID.jpg, tiles/ID/,
// regions/ID.js, assets/.

/// What was measured in a slide's regions.
struct ReportRegions {
  std::filesystem::path table;          ///< they are of
  std::vector<MeasuredRegion> regions;  ///< at least one
  bool has_outlines = false;            ///< regions/ID.js is there: write_region_outlines()
  std::vector<std::string> notes{};     ///< one line each
};

/// What a report shows of a complete slide besides its statistics.
struct ReportSlide {
  std::string id;        ///< report_id() of its stem
  bool picture = false;  ///< pictures/ID.jpg and thumbnails/ID.jpg are there
  std::string view;      ///< what tiles/ID/ holds, as JSON; empty where there is no deep-zoom view
  std::string no_view;   ///< and then why, in one line
  std::optional<ReportRegions> regions{};
  std::vector<UncertainPatch> patches{};  ///< of the slide, in ReportPatches
};

/// The name of a slide's files in a report: letters, digits and "._-" of its stem below `results`, and a part of a SHA-256 of it, so that
/// no two slides share one.
std::string report_id(const std::filesystem::path& stem, const std::filesystem::path& results);

/// The part of an address, from "#", at which the deep-zoom view shows a square: top left and side in level-0 pixels.
std::string view_address(std::int64_t x, std::int64_t y, std::int64_t side);

/// Writes every page of a report of `results` into `folder`, index.html last; `slides` belong to `results.complete`. `patches` is the
/// folder of their patches, empty where there is none. `time` is shown as the time of its making. Throws Error with the path and the
/// reason. Not thread-safe for one folder.
void write_report_pages(const std::filesystem::path& folder, const ResultFolder& results, const std::vector<ReportSlide>& slides,
                        const std::filesystem::path& patches, const std::string& time);

}  // namespace wsi_lpd::output
