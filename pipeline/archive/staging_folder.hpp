#pragma once
#include <filesystem>
#include <memory>

#include "wsi_lpd/core/work_lock.hpp"

namespace wsi_lpd::pipeline::archive {

/// A folder of this process, DIR/.wsi-lpd-stage.HOST-PID-RANDOM.part, which only this user can read. A lock beside it says that the process
/// lives. Not thread-safe.
class StagingFolder {
 public:
  /// Makes DIR where it is not there, and removes from it the folders of processes that are gone, or gave no sign of life for 5 minutes on
  /// another machine (WorkLock). Those of live processes stay. Throws UsageError: DIR can't be made or written.
  explicit StagingFolder(const std::filesystem::path& dir);
  StagingFolder(const StagingFolder&) = delete;
  StagingFolder& operator=(const StagingFolder&) = delete;
  /// Removes the folder with all that is in it.
  ~StagingFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::unique_ptr<core::WorkLock> lock_;
};

}  // namespace wsi_lpd::pipeline::archive
