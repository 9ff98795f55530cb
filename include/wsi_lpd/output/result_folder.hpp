#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "wsi_lpd/output/slide_files.hpp"
#include "wsi_lpd/output/statistics.hpp"

namespace wsi_lpd::output {

/// Do batches keep their own records where the results of this stem, relative to the folder of results, would lie? These are run.json and
/// the folder journal/.
bool is_of_batches(const std::filesystem::path& stem);

/// A folder that holds this file is a report of this program: results are not looked for in it, and it may be overwritten.
inline constexpr const char* kReportMark = ".wsi-lpd-report";

/// A slide whose statistics exist. Its files are `stem` plus label_pyramid()'s, ".h5", ".overlay.jpg", ….
struct CompleteResult {
  std::filesystem::path stem;
  SlideStatistics statistics;
};

/// A slide that a process holds the lock of. It may be complete from an earlier run.
struct SlideInWork {
  std::filesystem::path stem;
  core::LockOwner owner;
  std::chrono::seconds since_sign{};  ///< of life, by this machine's clock
};

/// What a run left of a slide that it did not complete. No process works on the slide now.
struct UnfinishedResult {
  std::filesystem::path stem;
  std::vector<std::string> files;       ///< names, sorted
  std::chrono::seconds since_change{};  ///< since the last of them was written
};

struct DamagedFile {
  std::filesystem::path file;
  std::string reason;
};

/// What is in a folder that `segment` or `batch` wrote to. A slide may be complete from an earlier run and have failed in the last one.
struct ResultFolder {
  std::filesystem::path path;
  std::vector<CompleteResult> complete;       ///< by slide, then by stem
  std::map<std::string, std::string> failed;  ///< slide to reason: of the last run that tried it
  std::vector<SlideInWork> in_work;           ///< by stem
  std::vector<UnfinishedResult> unfinished;   ///< by stem
  std::vector<DamagedFile> damaged;           ///< of another version, cut off, or with figures that cannot be
};

/// How much is read of complete slides.
enum class Depth : bool {
  Names,       ///< that their files are there: statistics stay empty, and damaged ones are not found
  Statistics,  ///< slide.json of each
};

/// Looks through `folder` and the folders in it, while other processes may be at work there. Reports are left out, files of other programs
/// are ignored. Throws UsageError when there is no such folder. Thread-safe.
ResultFolder read_results(const std::filesystem::path& folder, Depth depth = Depth::Statistics);

}  // namespace wsi_lpd::output
