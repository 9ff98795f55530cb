#pragma once
#include <filesystem>

#include "command.hpp"
#include "wsi_lpd/pipeline/review/measure_folder.hpp"

namespace wsi_lpd::cli {

/// Measures the regions of a folder of results (measure_folder), writes their table to `table`, or where that is empty under its own name,
/// and copies of the annotations beside the results; tells what became of the slides. Throws as measure_folder, and Error: the table can't
/// be written.
pipeline::review::MeasuredFolder measure_results(const std::filesystem::path& results, const std::filesystem::path& annotations,
                                                 const pipeline::review::MeasureOptions& options, const std::filesystem::path& table,
                                                 const Context& context);

/// The exit code of a command that has ended with `code` and measures regions last; `annotations` may be empty. As measure_results; what
/// can't be measured is told, and changes kDone to kSomeSlidesFailed.
int measured_after(int code, const std::filesystem::path& results, const std::filesystem::path& annotations, const Context& context);

/// Throws UsageError where `annotations` is given and not there.
void check_annotations(const std::filesystem::path& annotations);

}  // namespace wsi_lpd::cli
