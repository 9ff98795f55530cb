#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "wsi_lpd/core/progress.hpp"

namespace wsi_lpd::pipeline::review {

/// What became of the slides of a folder.
struct CorrectedResults {
  std::size_t slides = 0, regions = 0, kept = 0;  ///< files written, and in them regions of results and features of a person
  std::vector<std::string> without;               ///< slides whose result has no .geojson
  std::vector<std::string> incomplete;            ///< slides that are in work, unfinished, or failed and have no result
  std::map<std::string, std::string> failures;    ///< result to reason: a slide may have several
  std::vector<std::string> refused, ignored;      ///< of what a person has drawn: slide::check_corrections(), a line each
};

/// slide::write_corrections() of the regions of results, and slide::check_corrections() of what a person has drawn in them, by the classes
/// and size that the result has. `result` is one slide's (NAME, or one of its files: NAME.tif, NAME.ome.tif,
/// NAME.json, NAME.geojson) and `into` the file to write; or `result` is a folder of results and `into` a folder, made if need be, that
/// gets NAME.geojson for each complete one, in the same folders below it. In a folder the failure of one slide stops no other. Throws
/// UsageError: no complete result, a file where a folder is wanted or the reverse, a file of a result, the results' own folder; Cancelled;
/// Error where one slide fails alone.
CorrectedResults correct_results(const std::filesystem::path& result, const std::filesystem::path& into, const core::Work& work);

}  // namespace wsi_lpd::pipeline::review
