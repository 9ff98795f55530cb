#pragma once
#include <filesystem>
#include <vector>

#include "command.hpp"
#include "wsi_lpd/pipeline/review/measure_folder.hpp"

namespace wsi_lpd::cli {

/// What became of the slides of all results.
struct Measured {
  std::size_t slides = 0, failures = 0;
  std::vector<std::filesystem::path> tables;  ///< that were written
};

/// Measures the regions of results, each of them a folder or one slide's (measure_folder), writes the table of each under its own name and
/// copies of the annotations beside the results, or one table of all to `table` where that is not empty; tells what became of the slides.
/// Nothing is written before all are measured. Throws as measure_folder, and Error: a table can't be written.
Measured measure_results(const std::vector<std::filesystem::path>& results, const std::filesystem::path& annotations,
                         const pipeline::review::MeasureOptions& options, const std::filesystem::path& table, const Context& context);

/// The exit code of a command that has ended with `code` and measures regions last; `annotations` may be empty. As measure_results; what
/// can't be measured is told, and changes kDone to kSomeSlidesFailed.
int measured_after(int code, const std::filesystem::path& results, const std::filesystem::path& annotations, const Context& context);

/// Throws UsageError where `annotations` is given and not there.
void check_annotations(const std::filesystem::path& annotations);

}  // namespace wsi_lpd::cli
