#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace wsi_lpd::core {

/// Which file a path named, and in which state, when this object was made. Immutable, so thread-safe.
class FileIdentity {
 public:
  /// Throws Error (path and reason) where there is no file.
  explicit FileIdentity(std::filesystem::path path);

  /// Throws Error when the path no longer names that file, or when the file has changed.
  void check() const;
  /// "size modification-time", in bytes and as "seconds.nanoseconds": a result keeps it to tell whether its slide is still the same.
  std::string fingerprint() const;
  /// "device inode": the same for all names of one file.
  std::string place() const;

 private:
  struct State {
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = 0, seconds = 0, nanoseconds = 0;
    bool operator==(const State&) const = default;
  };
  static State state_of(const std::filesystem::path& path);

  std::filesystem::path path_;
  State state_;
};

}  // namespace wsi_lpd::core
