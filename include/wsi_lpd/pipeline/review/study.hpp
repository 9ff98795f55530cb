#pragma once
#include <cstdint>
#include <filesystem>

#include "wsi_lpd/core/progress.hpp"
#include "wsi_lpd/output/study.hpp"

namespace wsi_lpd::pipeline::review {

struct StudyOptions {
  std::filesystem::path output{};  ///< folder of the study; empty: "study" in the folder of results
  std::uint64_t seed = 0;          ///< of the bootstrap's draws
};

/// Joins the complete results of a folder to the cases of a table with the columns slide, case and, if wanted, group (docs/study.md), adds
/// up the figures of each case, and compares the groups: Study has all but its files. What can't be used is in Study::left_out. Memory: the
/// statistics of all slides. Thread-safe. Throws UsageError: no such folder, a table that is damaged or contradicts itself, a line that
/// means several slides, results of different models, no slide with a case; Cancelled.
output::Study make_study(const std::filesystem::path& results, const std::filesystem::path& table, const StudyOptions& options,
                         const core::Work& work);

struct WrittenStudy {
  std::filesystem::path index;  ///< the page to open
  output::Study study;
};

/// The same, written as tables and a page. An earlier study there is overwritten; its index.html is removed first, and the new one written
/// last. One process at a time may write a study to a folder. Throws also UsageError (the output folder holds files that are not a study's,
/// or the table; another process is writing there) and Error.
WrittenStudy write_study(const std::filesystem::path& results, const std::filesystem::path& table, const StudyOptions& options,
                         const core::Work& work);

}  // namespace wsi_lpd::pipeline::review
