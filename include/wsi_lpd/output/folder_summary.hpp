#pragma once
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <unordered_set>

#include "wsi_lpd/output/failures.hpp"
#include "wsi_lpd/output/summary.hpp"

namespace wsi_lpd::output {

/// Keeps summary.csv of a folder of results, and the recorded failures beside it (failures.hpp), while slide after slide is done. A slide's
/// line is appended. A line that replaces another, or that needs other columns, makes the file be written anew, from all statistics in the
/// folder; this takes at most a twentieth of the time, and otherwise waits for settle(). Lines that other processes append are read once.
/// In memory are a hash for each line and, while the file is written anew, the names of all slides. Not thread-safe; several processes may
/// have one folder.
class FolderSummary {
 public:
  /// Reads nothing yet.
  explicit FolderSummary(std::filesystem::path folder);

  /// The slide's results were complete before: it has not failed. Its line may be missing until settle().
  void was_done(const std::string& slide);
  /// The slide's results are complete, in `stem`.json: it has not failed.
  void done(const std::string& slide, const std::filesystem::path& stem);
  /// Throws Error where the failure can't be recorded; the summary may have it all the same.
  void failed(const std::string& slide, const std::string& reason, const FailedJob& job = {});
  /// Writes summary.csv anew until it says what the folder holds, sorted by slide, the failures last: another process may have written an
  /// older view over it. Whoever writes last has looked after all others had recorded what they did, so nothing is missing in the end.
  /// Throws Error.
  void settle();
  /// SameSlides::line() of what the folder held when summary.csv was last written anew.
  const std::string& same_slides() const { return same_slides_; }

 private:
  using Clock = std::chrono::steady_clock;
  void add(const std::string& slide, const std::string& line);
  void look_at_file();
  std::string write_anew();
  std::size_t state_of_folder() const;

  std::filesystem::path folder_, file_;
  SummaryColumns columns_;
  std::string same_slides_;
  std::string place_;                      // of the summary.csv that lines_ are of; empty where there is none with these columns
  std::ifstream file_of_lines_;            // open, so that no other file gets its place
  std::streamoff read_ = 0;                // bytes of it
  std::unordered_set<std::size_t> lines_;  // hashes of the slides that have a line in it
  Clock::time_point written_{};            // anew
  Clock::duration time_{};                 // that this took
};

}  // namespace wsi_lpd::output
