#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "wsi_lpd/core/file_identity.hpp"

namespace wsi_lpd::pipeline::archive {

/// The files of a slide as they are when this object is made, to be copied as a whole. Immutable, so thread-safe.
class SlideCopy {
 public:
  /// `files`: as parts_of_slide() gives them. Throws Error: a file is gone or can't be asked for.
  explicit SlideCopy(const std::vector<std::filesystem::path>& files);

  /// What the copies take on disk, bytes; whole blocks of 4096.
  std::uint64_t bytes() const { return bytes_; }
  /// Copies the files to `folder`, which must not exist, with their names and times of modification, for reading only. Never writes more
  /// than bytes(). Returns the copy of the slide. Throws Error: a file can't be read, has changed since this object was made, or its copy
  /// can't be written or differs in size or time; Cancelled as soon as `stop` is set. What was written stays in `folder`.
  std::filesystem::path copy_to(const std::filesystem::path& folder, const std::atomic<bool>& stop) const;

 private:
  struct File {
    core::FileIdentity identity;
    std::filesystem::path path;
    std::uint64_t bytes = 0;
  };
  static void copy(const File& file, const std::filesystem::path& to, const std::atomic<bool>& stop);

  std::vector<File> files_;
  std::uint64_t bytes_ = 0;
};

}  // namespace wsi_lpd::pipeline::archive
