#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace wsi_lpd::output {

/// Keeps summary.csv of a folder of results, and the recorded failures beside it (failures.hpp), while slide after slide is done. What it
/// has read stays in memory: over a run each file is read once, and again only when another process has changed it. The folder is looked
/// through at the first writing, and again when another process has written summary.csv. Not thread-safe.
class FolderSummary {
 public:
  /// Reads nothing yet.
  explicit FolderSummary(std::filesystem::path folder);
  FolderSummary(const FolderSummary&) = delete;
  FolderSummary& operator=(const FolderSummary&) = delete;
  ~FolderSummary();

  /// The slide's results are complete, in `stem`.json: it has not failed.
  void done(const std::string& slide, const std::filesystem::path& stem);
  /// Throws Error where the failure can't be recorded; the summary has it all the same.
  void failed(const std::string& slide, const std::string& reason);
  /// Writes summary.csv with what is known. Throws Error.
  void write();
  /// Looks through the folder and writes summary.csv until it says what the folder holds: another process may have written an older view
  /// over it. Whoever writes last has looked after all others had recorded what they did, so nothing is missing in the end. Throws Error.
  void settle();
  /// Statistics and failures read so far.
  std::size_t files_read() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wsi_lpd::output
